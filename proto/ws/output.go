package ws

import (
	"unicode/utf8"

	"github.com/ringwire/ringwire/mem"
)

// smallFrame is up to how many bytes of leased payload are copied behind their header, so that both are one piece to
// send.
const smallFrame = 2 << 10

// AppendMessage appends p as one message, Text or Binary, compressed when that was agreed on and makes it smaller.
// p is copied. key masks a client's; a server's is ignored.
func (e *Engine) AppendMessage(w *mem.Writer, op Opcode, p []byte, key [4]byte) error {
	if err := e.begin(op, inWhole); err != nil {
		return err
	}
	if e.comp != nil && len(p) >= e.comp.Threshold && e.appendPacked(w, op, p, key) {
		return nil
	}
	e.appendFrame(w, op, true, p, key)
	return nil
}

// begin asks whether a data frame may be sent.
func (e *Engine) begin(op Opcode, in input) error {
	if op != Text && op != Binary {
		return ErrBadOpcode
	}
	return e.stepSend(in)
}

// AppendSegments moves s, uncompressed, to the end of w as one message. Of a server's, long ones are not copied; a
// client's must be masked, which other owners of the same bytes must not see. s is empty afterwards; on an error
// nothing has changed.
func (e *Engine) AppendSegments(w *mem.Writer, op Opcode, s *mem.Segments, key [4]byte) error {
	if err := e.begin(op, inWhole); err != nil {
		return err
	}
	e.appendOwned(w, op, false, s, key)
	return nil
}

// AppendFragment appends p as the next piece of a message, uncompressed, that ends with the piece that is fin. Until
// then only control frames can be sent beside. op is the message's, the same each time.
func (e *Engine) AppendFragment(w *mem.Writer, op Opcode, p []byte, fin bool, key [4]byte) error {
	frame := op
	if e.send == sndBegun {
		frame = Continuation
	}
	if err := e.begin(op, inputOf(frame, fin)); err != nil {
		return err
	}
	e.appendFrame(w, frame, fin, p, key)
	return nil
}

// AdmitFrame asks whether one whole message that e does not append, but that was framed with AppendHeader beforehand,
// may be sent now. compressed says that it is: it must then have been compressed on its own, and where e compresses with
// a context its next message refers to nothing before it.
func (e *Engine) AdmitFrame(compressed bool) error {
	if err := e.stepSend(inWhole); err != nil {
		return err
	}
	if compressed && e.z != nil {
		e.z.forget()
	}
	return nil
}

// AppendPing appends a Ping with a payload of up to 125 bytes.
func (e *Engine) AppendPing(w *mem.Writer, p []byte, key [4]byte) error {
	err := e.appendControl(w, OpPing, p, key)
	if err == nil {
		e.pings = min(e.pings+1, e.lim.Control)
	}
	return err
}

// AppendPong appends a Pong: the answer to a Ping has its payload. When several Pings have come since, the last one's
// answer is enough (RFC 6455 §5.5.3).
func (e *Engine) AppendPong(w *mem.Writer, p []byte, key [4]byte) error {
	return e.appendControl(w, OpPong, p, key)
}

func (e *Engine) appendControl(w *mem.Writer, op Opcode, p []byte, key [4]byte) error {
	switch {
	case len(p) > maxControl:
		return ErrControlTooBig
	case e.send == sndClosed:
		return ErrCloseSent
	}
	e.appendFrame(w, op, true, p, key)
	return nil
}

// AppendClose appends a Close, once: the second time it returns ErrCloseSent. A message in fragments may be left
// unfinished. Code NoStatus sends a Close without code and reason; the answer to a CloseFrame has its Code
// (RFC 6455 §5.5.1).
func (e *Engine) AppendClose(w *mem.Writer, code uint16, reason string, key [4]byte) error {
	switch {
	case code != NoStatus && !ValidCode(code):
		return ErrBadCode
	case len(reason) > maxControl-2 || code == NoStatus && reason != "" || !utf8.ValidString(reason):
		return ErrBadReason
	}
	if err := e.stepSend(inClose); err != nil {
		return err
	}
	var buf [maxControl]byte
	p := buf[:0]
	if code != NoStatus {
		p = append(p, byte(code>>8), byte(code))
		p = append(p, reason...)
	}
	e.appendFrame(w, OpClose, true, p, key)
	return nil
}

// AppendError appends the Close that err of a Fail is answered with; nothing when a Close was sent already, or for
// ErrNoClose.
func (e *Engine) AppendError(w *mem.Writer, err *Error, key [4]byte) {
	_ = e.AppendClose(w, err.Code, err.Text, key) // what it refuses is what there is nothing to say of
}

// appendFrame appends a frame. p is copied.
func (e *Engine) appendFrame(w *mem.Writer, op Opcode, fin bool, p []byte, key [4]byte) {
	n := MaxHeader
	if w.Len() == 0 { // then w has no lease, and takes one for all of a frame that is not too large for it
		n += min(len(p), 64<<10-MaxHeader)
	}
	b := AppendHeader(w.Reserve(n), op, fin, false, len(p), e.masking(&key))
	w.Commit(len(b))
	e.appendPayload(w, p, key, 0)
}

// masking is the key to send, nil for a server.
func (e *Engine) masking(key *[4]byte) *[4]byte {
	if e.role == Server {
		return nil
	}
	return key
}

// appendPayload appends p, masked if need be, at position pos of a frame's payload, and returns the next position.
func (e *Engine) appendPayload(w *mem.Writer, p []byte, key [4]byte, pos int) int {
	if e.role == Server {
		_, _ = w.Write(p) // it never fails
		return 0
	}
	for len(p) > 0 {
		b := w.Reserve(1) // whatever is left of the lease, or a new one
		b = append(b, p[:min(len(p), cap(b))]...)
		pos = Mask(key, pos, b)
		w.Commit(len(b))
		p = p[len(b):]
	}
	return pos
}

// appendOwned appends s as one frame, without a copy where that pays and can be. s is empty afterwards.
func (e *Engine) appendOwned(w *mem.Writer, op Opcode, rsv1 bool, s *mem.Segments, key [4]byte) {
	w.Commit(len(AppendHeader(w.Reserve(MaxHeader), op, true, rsv1, s.Len(), e.masking(&key))))
	if e.role == Server && s.Len() > smallFrame {
		w.Segments().Splice(s)
		return
	}
	for pos := 0; s.Len() > 0; {
		p := s.First()
		pos = e.appendPayload(w, p, key, pos)
		s.Discard(len(p))
	}
}

// appendPacked appends p compressed, or reports that it did not because that is not smaller.
func (e *Engine) appendPacked(w *mem.Writer, op Opcode, p []byte, key [4]byte) bool {
	out := &e.home.out
	out.InitFor(e.account, smallFrame)
	ok := e.codec().deflate(out, p)
	if ok {
		e.appendOwned(w, op, true, out.Segments(), key)
	}
	out.Release()
	return ok
}
