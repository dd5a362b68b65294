package ws

import (
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
)

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
// Segments the engine's own, valid until the next call of Next, Release or Init.
type Event struct {
	Kind     Kind
	Op       Opcode // of a Message: Text or Binary
	Code     uint16 // of a CloseFrame; NoStatus when it has none
	N        int
	Data     []byte        // payload of a control frame, reason of a CloseFrame, message that lay in p in one piece
	Segments *mem.Segments // any other message
	Err      *Error        // of a Fail
}

// Engine is one end of one WebSocket connection. The zero value is not usable; see Init. It belongs to one goroutine at
// a time and must not be copied after Init.
//
// Invariant: msg and packed hold nothing between messages, but for a message that is lent to the caller of Next.
type Engine struct {
	lim     *Limits
	account *mem.Account
	err     *Error

	comp *Compression // agreed on; nil for none
	home *Codecs
	z    codec // nil until a compressed message came or went

	msg    mem.Segments // what came of the message
	packed mem.Segments // what came of a compressed one

	remaining int // payload bytes of this frame to come
	size      int // payload bytes of this message that its frames so far have announced
	fragments int // frames of this message
	controls  int // control frames that count against the limit
	pings     int // own Pings that a Pong may still answer

	key  [4]byte
	pos  uint8 // bytes of this frame's payload that have come, modulo 4
	text utf8State

	role       Role
	receive    receiveState
	send       sendState
	op         Opcode // of this message
	compressed bool   // this message
	lent       bool   // msg was handed out
}

// Init makes e ready for a connection whose opening handshake is over. lim must have passed WithDefaults; it is shared
// and only read. Messages that have to be gathered are leased from account.
func (e *Engine) Init(role Role, lim *Limits, account *mem.Account) {
	*e = Engine{lim: lim, account: account, role: role, receive: recIdle, send: sndIdle}
	e.msg.InitFor(account)
	e.packed.InitFor(account)
}

// Compress makes e use permessage-deflate as agreed, right after Init. What that takes comes from home, the loop's,
// once a compressed message comes or goes. It does nothing when c is not Enabled. c is shared and only read.
func (e *Engine) Compress(c *Compression, home *Codecs) {
	if c.Enabled {
		e.comp, e.home = c, home
	}
}

// codec is the connection's, made at the first use.
func (e *Engine) codec() codec {
	if e.z == nil {
		e.z = e.home.get(e.role, e.comp, e.account)
	}
	return e.z
}

// Next looks at p, which starts at the first byte not consumed, and returns the next event. It unmasks in place what it
// consumes, and leaves the rest of p as it is. It does not allocate, but for leases.
func (e *Engine) Next(p []byte) Event {
	if e.lent && !plant.On(plant.MessageNotForgotten) {
		e.forgetMessage()
	}
	for at := 0; ; {
		switch e.receive {
		case recIdle, recGap:
			n, ev := e.nextFrame(p[at:])
			if at += n; ev.Kind != going {
				ev.N = at
				return ev
			}
		case recFrame, recLast:
			n, ev := e.nextPayload(p[at:])
			if at += n; ev.Kind != going {
				ev.N = at
				return ev
			}
		case recFailed:
			return Event{Kind: Fail, N: at, Err: e.err}
		default:
			return Event{Kind: Closed, N: len(p)}
		}
	}
}

// going is the kind of no event: there may be more in p.
const going Kind = 0xff

// nextFrame reads a frame's header, or a whole control frame. n bytes of p are consumed.
func (e *Engine) nextFrame(p []byte) (n int, ev Event) {
	if len(p) < 2 {
		return 0, Event{Kind: NeedMore}
	}
	h, err := e.readStart(p)
	switch {
	case err != nil:
		return 0, e.fail(err)
	case h.op.control():
		return e.nextControl(p, &h)
	}
	in := inputOf(h.op, h.fin)
	if err := e.admit(in, h.op); err != nil {
		return 0, e.fail(err)
	}
	if h.size == 0 {
		return 0, Event{Kind: NeedMore}
	}
	if err := h.readRest(p, e.role); err != nil {
		return 0, e.fail(err)
	}
	if err := e.checkSize(&h); err != nil {
		return 0, e.fail(err)
	}
	if h.op != Continuation {
		e.op, e.compressed = h.op, h.rsv1
	}
	e.remaining, e.key, e.pos = int(h.length), h.key, 0
	e.size += e.remaining
	e.fragments++
	e.step(in)
	return h.size, Event{Kind: going}
}

// admit says whether a data frame may come now (RFC 6455 §5.4).
func (e *Engine) admit(in input, op Opcode) *Error {
	switch {
	case receiveTable[e.receive][in] != 0:
		if e.fragments >= e.lim.Fragments {
			return ErrTooManyFragments
		}
		return nil
	case op == Continuation:
		return ErrContinuation
	}
	return ErrInterleaved
}

// checkSize says whether a data frame may be as large as it says.
func (e *Engine) checkSize(h *header) *Error {
	frame, message := e.lim.Frame, e.lim.Message
	if h.rsv1 || h.op == Continuation && e.compressed {
		frame, message = packedLimit(frame), packedLimit(message)
	}
	switch {
	case h.length > uint64(frame):
		return ErrFrameTooLarge
	case h.length > uint64(message-e.size):
		return ErrMessageTooLarge
	}
	return nil
}

// packedLimit is how many bytes n bytes may have when they are compressed: what cannot be compressed grows a little.
func packedLimit(n int) int { return n + n/8 + 64 }

// nextPayload takes what is there of a data frame's payload.
func (e *Engine) nextPayload(p []byte) (n int, ev Event) {
	if len(p) == 0 && e.remaining > 0 {
		return 0, Event{Kind: NeedMore}
	}
	p = p[:min(len(p), e.remaining):min(len(p), e.remaining)]
	n = len(p)
	e.remaining -= n
	if e.role == Server {
		e.pos = uint8(Mask(e.key, int(e.pos), p))
		if plant.On(plant.MaskBegunAnew) {
			e.pos = 0
		}
	}
	if e.op == Text && !e.compressed && !e.text.write(p) {
		return 0, e.fail(ErrUTF8)
	}
	whole := e.receive == recLast && e.remaining == 0
	if whole && !e.compressed && e.msg.Len() == 0 {
		return n, e.endMessage(p)
	}
	switch {
	case e.compressed:
		e.packed.AppendCopy(p)
	case plant.On(plant.ContinuationLost) && e.receive == recFrame && e.fragments > 1:
	default:
		e.msg.AppendCopy(p)
	}
	switch {
	case e.remaining > 0:
		return n, Event{Kind: NeedMore}
	case !whole:
		e.step(inEnd)
		e.controls = 0
		return n, Event{Kind: going}
	}
	if e.compressed {
		if err := e.inflate(); err != nil {
			return 0, e.fail(err)
		}
	}
	return n, e.endMessage(nil)
}

// inflate makes msg of packed.
func (e *Engine) inflate() *Error {
	b := bounds{max: e.lim.Message, ratio: e.lim.Ratio}
	if e.op == Text {
		b.text = &e.text
	}
	return e.codec().inflate(&e.msg, &e.packed, b)
}

// endMessage hands out the message: view, or else what was gathered.
func (e *Engine) endMessage(view []byte) Event {
	if !e.text.done() { // it ends inside of a character
		return e.fail(ErrUTF8)
	}
	ev := Event{Kind: Message, Op: e.op, Data: view}
	if view == nil {
		ev.Segments = &e.msg
		e.lent = true
	}
	e.step(inEnd)
	e.size, e.fragments, e.controls = 0, 0, 0
	return ev
}

// forgetMessage drops what was gathered.
func (e *Engine) forgetMessage() {
	e.lent = false
	e.msg.Release()
	e.packed.Release()
}

// fail ends the receiving half. What came of a message is dropped.
func (e *Engine) fail(err *Error) Event {
	e.forgetMessage()
	e.err = err
	e.step(inFail)
	return Event{Kind: Fail, Err: err}
}

// Refill gives the peer a fresh allowance of control frames (Limits.Control). The engine has no clock: whoever has one
// calls it now and then, as with each keep-alive Ping, or an idle peer with a heartbeat of its own would use it up.
func (e *Engine) Refill() { e.controls = 0 }

// HandleEOF is told that the peer will send nothing more and that Next has used all that it sent. It returns nil after
// the peer's Close, else ErrNoClose, or why Next has failed.
func (e *Engine) HandleEOF() *Error {
	switch e.receive {
	case recClosed:
		return nil
	case recFailed:
		return e.err
	}
	return e.fail(ErrNoClose).Err
}

// CloseSent reports whether this side has sent its Close.
func (e *Engine) CloseSent() bool { return e.send == sndClosed }

// CloseReceived reports whether the peer's Close has come.
func (e *Engine) CloseReceived() bool { return e.receive == recClosed }

// InMessage reports whether a message has begun and is not complete. Bytes of a frame's header that were left
// unconsumed do not count.
func (e *Engine) InMessage() bool {
	return e.receive == recGap || e.receive == recFrame || e.receive == recLast
}

// Release gives back what e holds, when the connection ends. e is of no use then until the next Init.
func (e *Engine) Release() {
	e.forgetMessage()
	if e.z != nil {
		e.z.release()
		e.z = nil
	}
}
