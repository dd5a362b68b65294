package ws

import "github.com/ringwire/ringwire/mem"

// Kind is the kind of an Event.
type Kind uint8

// The kinds of events.
const (
	NeedMore   Kind = iota // everything was used that can be; receive more
	Message                // a message is complete
	Ping                   // answer with AppendPong
	Pong                   // the answer to a Ping, or a sign of life
	CloseFrame             // the peer's Close: answer with AppendClose unless one was sent
	Closed                 // nothing of what is received counts any more; p is consumed
	Fail                   // the peer broke the rules: AppendError, close. Every further call of Next says the same
)

// Event is what Next found. N bytes of p are consumed, whatever the Kind. Data is a view into p with p's lifetime,
// Segments the engine's own, valid until the next call of Next.
type Event struct {
	Kind     Kind
	Op       Opcode // of a Message: Text or Binary
	Code     uint16 // of a CloseFrame; NoStatus when it has none
	N        int
	Data     []byte        // payload of a control frame, reason of a CloseFrame, message
	Segments *mem.Segments // a message that did not lie in p in one frame; else nil
	Err      *Error        // of a Fail
}

// Engine is one end of one WebSocket connection. The zero value is not usable; see Init. It belongs to one goroutine at
// a time and must not be copied after its first use.
type Engine struct {
	lim *Limits
	err *Error
}

// Init makes e ready for a connection whose opening handshake is over. lim must have passed WithDefaults; it is shared
// and only read. Messages that have to be gathered are leased from account.
func (e *Engine) Init(role Role, lim *Limits, account *mem.Account) { panic("not built yet") }

// Compress makes e use permessage-deflate as agreed, right after Init. What that takes comes from home, the loop's,
// once a compressed message comes or goes. It does nothing when c is not Enabled. c is shared and only read.
func (e *Engine) Compress(c *Compression, home *Codecs) { panic("not built yet") }

// Next looks at p, which starts at the first byte not consumed, and returns the next event.
func (e *Engine) Next(p []byte) Event { panic("not built yet") }

// Refill gives the peer a fresh allowance of control frames (Limits.Control). The engine has no clock: whoever has one
// calls it now and then, as with each keep-alive Ping, or an idle peer that only answers Pings would use it up.
func (e *Engine) Refill() { panic("not built yet") }

// HandleEOF is told that the peer will send nothing more and that Next has used all that it sent. It returns nil after
// the peer's Close, else ErrNoClose, or why Next has failed.
func (e *Engine) HandleEOF() *Error { panic("not built yet") }

// CloseSent reports whether this side has sent its Close.
func (e *Engine) CloseSent() bool { panic("not built yet") }

// CloseReceived reports whether the peer's Close has come.
func (e *Engine) CloseReceived() bool { panic("not built yet") }

// Release gives back what e holds. e can be used again after Init.
func (e *Engine) Release() { panic("not built yet") }
