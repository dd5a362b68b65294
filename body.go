package ringwire

import (
	"io"

	"github.com/ringwire/ringwire/mem"
)

// Body is a request's body. Up to Config.BodyBuffer it has arrived whole when the
// handler is called; beyond, it is streamed.
type Body struct {
	ex *exchange

	length int64        // declared, -1 when chunked
	got    int64        // bytes arrived so far
	view   []byte       // the whole of what arrived, while it lies in one receive buffer
	segs   mem.Segments // else what arrived and was not yet read
	sink   func(p []byte, err error)
	err    error // why it will never be complete
	done   bool  // arrived whole
	stream bool  // the handler was called before it had; constant from then on
	begun  bool  // the handler has asked for some of it

	coded codedBody // what Decode made of it
}

func (b *Body) reset() {
	b.segs.Release()
	b.length, b.got, b.view, b.sink, b.err = 0, 0, nil, nil, nil
	b.done, b.stream, b.begun = false, false, false
	b.coded.reset()
}

// Len is the body's length in bytes: 0 without a body, -1 if it is streamed and chunked, or
// decoded as it arrives.
func (b *Body) Len() int64 {
	if b.coded.inWork() {
		return -1
	}
	if b.stream {
		return b.length
	}
	return b.got
}

// Streaming reports whether the handler was called before the body had arrived whole.
func (b *Body) Streaming() bool { return b.stream }

// View is the unread body in one piece: in place if it lies in one receive
// buffer, else copied together. It is valid until the body is read (Read, Stream), at the longest
// until the handler returns. It fails with ErrBodyStreaming for a body that is streamed.
func (b *Body) View() (View, error) {
	switch {
	case b.coded.err != nil:
		return nil, b.coded.err
	case b.stream:
		return nil, ErrBodyStreaming
	case b.err != nil:
		return nil, b.err
	}
	if b.view != nil {
		return b.view, nil
	}
	return b.segs.Flatten(), nil
}

// Views gives the unread body piece by piece as it lies in memory, without copying. The
// pieces are valid until the body is read or View is called, at the longest until the handler
// returns. It fails like View.
func (b *Body) Views(yield func(p View) bool) error {
	if b.coded.err != nil {
		return b.coded.err
	}
	if b.stream {
		return ErrBodyStreaming
	}
	if b.view != nil {
		yield(b.view)
		return b.err
	}
	for _, p := range b.segs.Views(nil, int(^uint(0)>>1)) {
		if !yield(p) {
			break
		}
	}
	return b.err
}

// Read reads the body. In a Blocking handler it waits for what has not arrived; on the
// loop, where nothing may wait, it fails with ErrBodyStreaming when it would have to. A
// body cut short ends with ErrBodyTruncated or ErrBodyTooLarge, never with io.EOF.
func (b *Body) Read(p []byte) (int, error) {
	b.begun = true
	if b.coded.inWork() {
		return b.readDecoded(p)
	}
	if b.ex.worker != nil {
		return b.ex.worker.read(p)
	}
	if b.view != nil {
		n := copy(p, b.view)
		if b.view = b.view[n:]; len(b.view) == 0 {
			b.view = nil
		}
		return n, nil
	}
	if b.segs.Len() > 0 {
		return b.segs.Read(p)
	}
	return 0, b.end()
}

// end is what follows the last byte that is here.
func (b *Body) end() error {
	switch {
	case b.err != nil:
		return b.err
	case b.done:
		return io.EOF
	}
	return ErrBodyStreaming
}

// Stream has fn called on the loop with each piece of the body as it arrives; p is
// borrowed for the call. The last call has no bytes and an error: io.EOF at the body's
// end, or why it was cut short. The response ends with that call, and fn may write to it
// at any time: what it writes is sent as it goes, and while the client does not read
// that, no more of the body is taken from it.
//
// For a body that has arrived whole all calls happen before Stream returns. In
// a Blocking handler Stream reads to the end likewise.
func (b *Body) Stream(fn func(p []byte, err error)) {
	if b.ex.worker != nil {
		b.streamBlocking(fn)
		return
	}
	b.begun = true
	b.sink = fn // from the first call on: whoever fn calls must see whose the body is
	if b.coded.inWork() {
		b.streamDecoded()
		return
	}
	if b.view != nil {
		fn(b.view, nil)
		b.view = nil
	}
	for b.segs.Len() > 0 {
		p := b.segs.First()
		fn(p, nil)
		b.segs.Discard(len(p))
	}
	if err := b.end(); err != ErrBodyStreaming {
		b.sink = nil // the last call may hand over
		fn(nil, err)
		return
	}
	b.ex.hc.sendContinue()
}

func (b *Body) streamBlocking(fn func(p []byte, err error)) {
	for {
		if err := b.lendPiece(fn); err != nil {
			fn(nil, err)
			return
		}
	}
}

// lendPiece calls fn with what can be read next. Each piece has a lease of its own, which ends with
// the call as its view does.
func (b *Body) lendPiece(fn func(p []byte, err error)) error {
	buf := b.ex.svc.srv.mem.body.Lease(bodyChunk)
	defer buf.Release()
	n, err := b.Read(buf.Bytes())
	if n > 0 {
		fn(buf.Bytes()[:n:n], nil)
	}
	return err
}

// bodyChunk is the lease size for bodies in both directions.
const bodyChunk = 16 << 10

// add takes a piece of the body that lies in the receive buffer. The first stays there
// until settle: often it is the whole.
func (b *Body) add(p []byte) {
	b.got += int64(len(p))
	if b.got == int64(len(p)) {
		b.view = p
		return
	}
	b.settle()
	b.segs.AppendCopy(p)
}

// settle copies what lies in the receive buffer, because that is about to be reused.
func (b *Body) settle() {
	if b.view != nil {
		b.segs.AppendCopy(b.view)
		b.view = nil
	}
}

// account is what leases for the body are counted under.
func (b *Body) account() *mem.Account {
	if b.ex.worker != nil {
		return b.ex.svc.srv.mem.body
	}
	return b.ex.svc.mem.body
}
