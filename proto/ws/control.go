package ws

import (
	"encoding/binary"
	"unicode/utf8"
)

// nextControl takes a control frame, which must be there as a whole: it has 131 bytes at most. It may come between the
// frames of a message, and changes nothing of it (RFC 6455 §5.5).
func (e *Engine) nextControl(p []byte, h *header) (n int, ev Event) {
	n = h.size + int(p[1]&bitsLength)
	if h.size == 0 || len(p) < n {
		return 0, Event{Kind: NeedMore}
	}
	if e.role == Server {
		h.key = [4]byte(p[2:])
		Mask(h.key, 0, p[h.size:n])
	}
	p = p[h.size:n:n]
	if h.op == OpClose {
		return n, e.nextClose(p)
	}
	if !e.expected(h.op) {
		if e.controls++; e.controls > e.lim.Control {
			return 0, e.fail(ErrTooManyControls)
		}
	}
	ev = Event{Kind: Ping, Data: p}
	if h.op == OpPong {
		ev.Kind = Pong
	}
	return n, ev
}

// expected reports whether a Pong may answer a Ping that was sent: then it does not count as one too many.
func (e *Engine) expected(op Opcode) bool {
	if op != OpPong || e.pings == 0 {
		return false
	}
	e.pings--
	return true
}

// nextClose reads a Close: nothing, or a code and perhaps a reason (RFC 6455 §5.5.1).
func (e *Engine) nextClose(p []byte) Event {
	ev := Event{Kind: CloseFrame, Code: NoStatus}
	if len(p) == 1 {
		return e.fail(ErrCloseLength)
	}
	if len(p) > 1 {
		ev.Code, ev.Data = binary.BigEndian.Uint16(p), p[2:]
		switch {
		case !ValidCode(ev.Code):
			return e.fail(ErrCloseCode)
		case !utf8.Valid(ev.Data):
			return e.fail(ErrCloseReason)
		}
	}
	e.forgetMessage() // what came of one will never be whole
	e.step(inClose)
	return ev
}
