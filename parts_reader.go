package ringwire

import (
	"io"
	"unsafe"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/multipart"
)

// partReader takes a body apart. An exchange keeps those it has used.
type partReader struct {
	part   Part
	parser multipart.Parser
	ex     *exchange
	next   *partReader // of those that are kept

	in  []byte // not yet parsed
	cur []byte // streamed: content of the part, not yet read
	err error  // streamed: why there is no more

	// A whole body: its pieces, and where in them is what.
	whole  bool
	pieces [][]byte
	piece  int // the next to be parsed
	off    int // bytes parsed
	start  int // of the part's unread content
	left   int // bytes of it

	buf mem.Lease // streamed: where the body is read to
}

// partLimits are the package's defaults. What a body may make the server hold is bounded by
// Config.BodyBuffer and MaxBody.
var partLimits = multipart.Limits{}.WithDefaults()

// openParts gives a reader for the request's body.
func (r *Request) openParts() (*partReader, error) {
	boundary, bad := multipart.Boundary(r.ex.head.Get("Content-Type"))
	if bad != nil {
		return nil, bad
	}
	pr := r.ex.parts
	if pr == nil {
		pr = &partReader{ex: r.ex}
		pr.part.r = pr
	}
	r.ex.parts, pr.next = pr.next, nil
	_ = pr.parser.Init(boundary, &partLimits) // Boundary has checked it
	return pr, nil
}

// close gives the reader back. Nothing of the body stays reachable through it.
func (r *partReader) close() {
	if r.buf.Valid() {
		r.buf.Release()
	}
	clear(r.pieces)
	r.parser.Reset()
	pieces := r.pieces[:0]
	ex := r.ex
	r.in, r.cur, r.err, r.buf = nil, nil, nil, mem.Lease{}
	r.whole, r.pieces, r.piece, r.off, r.start, r.left = false, pieces, 0, 0, 0, 0
	r.next, ex.parts = ex.parts, r
}

// begin finds out how the body can be read.
func (r *partReader) begin() error {
	b := &r.ex.body
	switch {
	case !b.stream:
		r.whole = true
		return b.Views(func(p View) bool { r.pieces = append(r.pieces, p); return true })
	case r.ex.worker == nil:
		return ErrBodyStreaming
	}
	r.parser.CopyHeads() // the buffer is used again
	r.buf = r.ex.svc.srv.mem.body.Lease(bodyChunk)
	return nil
}

// nextPart goes on to the next part, io.EOF after the last.
func (r *partReader) nextPart() error {
	for {
		ev, err := r.event()
		switch {
		case err != nil:
			return err
		case ev.Kind == multipart.End:
			return io.EOF
		case ev.Kind == multipart.Part && r.whole:
			return r.measure()
		case ev.Kind == multipart.Part:
			r.cur, r.err = nil, nil
			return nil
		}
	}
}

// measure finds where the part's content ends.
func (r *partReader) measure() error {
	r.start, r.left = r.off, 0
	for {
		ev, err := r.event()
		if err != nil || ev.Kind == multipart.PartEnd {
			return err
		}
		r.left += len(ev.Data)
	}
}

// event is the parser's next, for which it gets what it needs.
func (r *partReader) event() (multipart.Event, error) {
	for {
		ev := r.parser.Next(r.in)
		r.in = r.in[ev.N:]
		r.off += ev.N
		switch ev.Kind {
		case multipart.Fail:
			return ev, ev.Err
		case multipart.NeedMore:
			if err := r.more(); err != nil {
				return ev, err
			}
		default:
			return ev, nil
		}
	}
}

// more gets the next piece of the body.
func (r *partReader) more() error {
	if r.whole {
		if r.piece == len(r.pieces) {
			r.parser.HandleEOF()
			return nil
		}
		r.in = r.pieces[r.piece]
		r.piece++
		return nil
	}
	n, err := r.ex.body.Read(r.buf.Bytes())
	if r.in = r.buf.Bytes()[:n]; n > 0 {
		return nil
	}
	if err == io.EOF {
		r.parser.HandleEOF()
		return nil
	}
	return err
}

// fill gets content of a streamed part into cur, io.EOF at its end.
func (r *partReader) fill() error {
	if !r.buf.Valid() {
		return ErrBodyStreaming // StreamParts hands it out
	}
	for len(r.cur) == 0 && r.err == nil {
		ev, err := r.event()
		switch {
		case err != nil:
			r.err = err
		case ev.Kind == multipart.PartEnd:
			r.err = io.EOF
		default:
			r.cur = ev.Data
		}
	}
	if len(r.cur) > 0 {
		return nil
	}
	return r.err
}

func (r *partReader) read(b []byte) (n int, err error) {
	if !r.whole {
		if err = r.fill(); err == nil {
			n = copy(b, r.cur)
			r.cur = r.cur[n:]
		}
		return n, err
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	for n < len(b) && r.left > 0 {
		k := copy(b[n:], r.first())
		r.start, r.left, n = r.start+k, r.left-k, n+k
	}
	return n, nil
}

// each gives the pieces of a whole part's unread content.
func (r *partReader) each(yield func(p View) bool) {
	off, left := r.start, r.left
	for _, p := range r.pieces {
		if off >= len(p) {
			off -= len(p)
			continue
		}
		p = p[off:]
		p = p[:min(len(p), left):min(len(p), left)]
		if off, left = 0, left-len(p); len(p) > 0 && !yield(p) || left == 0 {
			return
		}
	}
}

// first is the first of them.
func (r *partReader) first() (first View) {
	r.each(func(p View) bool { first = p; return false })
	return first
}

// keepWhole shares the leases that hold the content, if they are what was looked at.
func (r *partReader) keepWhole(dst *mem.Segments) {
	segs := &r.ex.body.segs
	if p := segs.First(); len(p) > 0 && len(r.pieces) > 0 && unsafe.SliceData(p) == unsafe.SliceData(r.pieces[0]) {
		segs.ShareTo(dst, r.start, r.left)
	} else {
		r.each(func(p View) bool { dst.AppendCopy(p); return true })
	}
}
