package coding

import (
	"io"
	"iter"

	"github.com/ringwire/ringwire/mem"
)

// chunk is how much is decoded at a time where the caller does not say.
const chunk = 16 << 10

// Decoder takes the codings off one body. It belongs to one goroutine at a time, and once it runs in a
// coroutine to its loop (see the package's documentation). It must be closed.
//
// Invariant: have is what was decoded into buf and not handed out; with err set nothing is decoded any more.
type Decoder struct {
	home   *Decoders
	src    source
	layers []*layer // in the order in which they are taken off
	kinds  []Coding // the same
	buf    []byte
	have   []byte
	err    error

	// The coroutine, once there is one. next is nil before.
	next func() (bool, bool)
	stop func()
}

// From makes r the source, which waits where there is nothing yet: reads of d then never return
// ErrNeedInput, and return r's errors as they are. The input given to Get is not read any more. It must come
// before the first read, or after End.
func (d *Decoder) From(r io.Reader) { d.src.from = r }

// End says that what is in the input now is all that there will be.
func (d *Decoder) End() { d.src.ended = true }

// Next decodes up to 16 KiB and returns them; they are valid until the next call on d. Its errors
// are those of Read.
func (d *Decoder) Next() ([]byte, error) {
	if err := d.fill(); err != nil {
		return nil, err
	}
	p := d.have
	d.have = nil
	return p, nil
}

// Read decodes into p. It returns ErrNeedInput when that takes more input, io.EOF at the body's end,
// and an *Error for a body that cannot be decoded or exceeds a limit. Both of these last for good.
// There are no bytes together with an error.
func (d *Decoder) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(d.have) == 0 && d.err == nil && d.next == nil && d.src.waits() {
		n, err := d.top().Read(p) // past buf
		d.err = err
		return n, err
	}
	if err := d.fill(); err != nil {
		return 0, err
	}
	n := copy(p, d.have)
	d.have = d.have[n:]
	return n, nil
}

// AppendTo decodes to the end of w until an error, io.EOF included, which it returns. What was
// decoded before the error is in w.
func (d *Decoder) AppendTo(w *mem.Writer) error {
	for {
		p := w.Reserve(1) // whatever is left of the lease, or a new one
		n, err := d.Read(p[:cap(p)])
		w.Commit(n)
		if err != nil {
			return err
		}
	}
}

// fill sees to it that have is not empty.
func (d *Decoder) fill() error {
	if len(d.have) > 0 {
		return nil
	}
	switch {
	case d.err != nil:
		return d.err
	case d.next != nil:
	case d.src.waits():
		d.step()
		return d.pending()
	case d.src.segs.Len() == 0:
		return ErrNeedInput // no coroutine for nothing
	default:
		d.next, d.stop = iter.Pull(d.run)
	}
	if got, _ := d.next(); !got {
		return ErrNeedInput
	}
	return d.pending()
}

// pending is the error to return, which have goes before.
func (d *Decoder) pending() error {
	if len(d.have) > 0 {
		return nil
	}
	return d.err
}

// run is the coroutine: it yields true when it has decoded something, and, from the source,
// false when input is missing.
func (d *Decoder) run(yield func(bool) bool) {
	d.src.yield = yield
	for d.step() && yield(true) {
	}
	if d.err != nil && d.err != errStopped {
		yield(true)
	}
}

// step decodes into buf.
func (d *Decoder) step() (more bool) {
	if d.buf == nil {
		d.buf = make([]byte, chunk)
	}
	n, err := d.top().Read(d.buf)
	d.have, d.err = d.buf[:n:n], err
	return err == nil
}

func (d *Decoder) top() io.Reader {
	if n := len(d.layers); n > 0 {
		return d.layers[n-1]
	}
	return &d.src
}

// Close gives back what d holds, wherever in the body it is. The input stays the caller's. d and
// what it returned must not be used any more.
func (d *Decoder) Close() {
	if d.stop != nil {
		d.stop()
	}
	d.home.put(d)
}
