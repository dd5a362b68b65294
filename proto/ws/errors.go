package ws

import "errors"

// Error is a breach of the protocol, or of a limit, by the peer. Every value is prebuilt and shared: compare pointers,
// never write.
type Error struct {
	Code uint16 // the status code to close with (RFC 6455 §7.4)
	Text string // what was wrong, for the Close frame's reason and for logs; no bytes of the peer
	Ref  string // the paragraph that was breached
}

// Error says what was wrong and where that is written.
func (e *Error) Error() string { return "ws: " + e.Text + " (" + e.Ref + ")" }

// Frames.
var (
	ErrReservedBits    = &Error{ProtocolError, "a reserved bit is set", "RFC 6455 §5.2"}
	ErrOpcode          = &Error{ProtocolError, "unknown opcode", "RFC 6455 §5.2"}
	ErrUnmasked        = &Error{ProtocolError, "a client's frame is not masked", "RFC 6455 §5.1"}
	ErrMasked          = &Error{ProtocolError, "a server's frame is masked", "RFC 6455 §5.1"}
	ErrLengthForm      = &Error{ProtocolError, "a length is not in its shortest form", "RFC 6455 §5.2"}
	ErrLengthSign      = &Error{ProtocolError, "a length has 64 bits", "RFC 6455 §5.2"}
	ErrControlFragment = &Error{ProtocolError, "a control frame is a fragment", "RFC 6455 §5.5"}
	ErrControlLength   = &Error{ProtocolError, "a control frame has more than 125 bytes", "RFC 6455 §5.5"}
	ErrContinuation    = &Error{ProtocolError, "a continuation of no message", "RFC 6455 §5.4"}
	ErrInterleaved     = &Error{ProtocolError, "a message begins before another has ended", "RFC 6455 §5.4"}
)

// Payload.
var (
	ErrUTF8        = &Error{InvalidPayload, "text is not UTF-8", "RFC 6455 §8.1"}
	ErrCloseLength = &Error{ProtocolError, "a Close of one byte", "RFC 6455 §5.5.1"}
	ErrCloseCode   = &Error{ProtocolError, "a Close with a code that must not be sent", "RFC 6455 §7.4"}
	ErrCloseReason = &Error{InvalidPayload, "the reason of a Close is not UTF-8", "RFC 6455 §5.5.1"}
	ErrDeflate     = &Error{InvalidPayload, "a compressed message cannot be inflated", "RFC 7692 §7.2.2"}
)

// Limits that the peer exceeds.
var (
	ErrMessageTooLarge  = &Error{TooLarge, "the message is too large", "RFC 6455 §7.4.1"}
	ErrFrameTooLarge    = &Error{TooLarge, "the frame is too large", "RFC 6455 §7.4.1"}
	ErrRatio            = &Error{TooLarge, "the message grows too much when inflated", "RFC 6455 §7.4.1"}
	ErrTooManyFragments = &Error{PolicyViolation, "too many fragments in a message", "RFC 6455 §7.4.1"}
	ErrTooManyBlocks    = &Error{PolicyViolation, "too many blocks in a compressed message", "RFC 6455 §7.4.1"}
	ErrTooManyControls  = &Error{PolicyViolation, "too many control frames", "RFC 6455 §7.4.1"}
)

// ErrNoClose is what HandleEOF says of a connection that ended without a Close. It is sent to nobody.
var ErrNoClose = &Error{Abnormal, "the connection ended without a Close", "RFC 6455 §7.1.5"}

// Errors of sending. They are the caller's, not the peer's, and nothing was appended.
var (
	ErrCloseSent     = errors.New("ws: a Close was sent, and nothing may follow it")
	ErrSending       = errors.New("ws: a message in fragments is not finished, or none was begun")
	ErrBadOpcode     = errors.New("ws: a message is Text or Binary")
	ErrBadCode       = errors.New("ws: a code that must not be sent in a Close")
	ErrBadReason     = errors.New("ws: a reason is UTF-8 of at most 123 bytes, and needs a code")
	ErrControlTooBig = errors.New("ws: a control frame has at most 125 bytes")
)
