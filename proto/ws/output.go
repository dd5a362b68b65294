package ws

import "github.com/ringwire/ringwire/mem"

// MaxHeader is the most bytes of a frame's header.
const MaxHeader = 14

// AppendHeader appends the header of a frame with n bytes of payload. key is nil for a server's. rsv1 is set in the first
// frame of a compressed message only.
func AppendHeader(dst []byte, op Opcode, fin, rsv1 bool, n int, key *[4]byte) []byte { panic("not built yet") }

// AppendMessage appends p as one message, Text or Binary, compressed when that was agreed on and makes it smaller.
// p is copied. key masks a client's; a server's is ignored.
func (e *Engine) AppendMessage(w *mem.Writer, op Opcode, p []byte, key [4]byte) error {
	panic("not built yet")
}

// AppendSegments moves s, uncompressed, to the end of w as one message. A server does not copy the bytes; a client,
// which must mask them, copies unless it is their only owner. s is empty afterwards.
func (e *Engine) AppendSegments(w *mem.Writer, op Opcode, s *mem.Segments, key [4]byte) error {
	panic("not built yet")
}

// AppendFragment appends p as the next piece of a message that ends with the piece that is fin. Until then no other
// message can be sent, but control frames. It is not compressed.
func (e *Engine) AppendFragment(w *mem.Writer, op Opcode, p []byte, fin bool, key [4]byte) error {
	panic("not built yet")
}

// AdmitFrame asks whether one whole message that is not appended by e, but was framed with AppendHeader beforehand, may
// be sent now. compressed says that it is: with a context, e's next one then does not refer to earlier ones, which is
// correct but compresses less.
func (e *Engine) AdmitFrame(compressed bool) error { panic("not built yet") }

// AppendPing appends a Ping with a payload of up to 125 bytes.
func (e *Engine) AppendPing(w *mem.Writer, p []byte, key [4]byte) error { panic("not built yet") }

// AppendPong appends a Pong: the answer to a Ping has its payload (RFC 6455 §5.5.3). When several Pings have come, the
// last one's will do.
func (e *Engine) AppendPong(w *mem.Writer, p []byte, key [4]byte) error { panic("not built yet") }

// AppendClose appends a Close, once: the second time it returns ErrCloseSent. Code NoStatus sends a Close without code
// and reason; the answer to a CloseFrame has its Code.
func (e *Engine) AppendClose(w *mem.Writer, code uint16, reason string, key [4]byte) error {
	panic("not built yet")
}

// AppendError appends the Close for a Fail, or nothing when a Close was sent already.
func (e *Engine) AppendError(w *mem.Writer, err *Error, key [4]byte) { panic("not built yet") }
