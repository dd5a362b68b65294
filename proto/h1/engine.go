package h1

// Role says which end of the connection an engine is.
type Role uint8

// Server receives requests and sends responses. It is the only role so far.
const Server Role = 0

// Kind is the kind of an Event.
type Kind uint8

// The kinds of events.
const (
	NeedMore Kind = iota // everything was used; receive more
	HeadDone             // a request's head is complete
	Data                 // body bytes
	End                  // the request is complete
	Paused               // the request is complete and its response is not: FinishResponse first
	Upgraded             // the connection was switched; Data is what arrived of the new protocol
	Closed               // no request will follow: send what is left, close
	Fail                 // the peer broke the rules: answer Err, close. Every further call of Next says the same
)

// Event is what Next found. N bytes of p are consumed, whatever the Kind; Data is a view into p with p's lifetime.
type Event struct {
	Kind Kind
	N    int
	Data []byte
	Err  *Error
}

// Engine is one end of one HTTP/1.1 connection. The zero value is not usable; see Init. It may be copied and moved
// only before its first use, and belongs to one goroutine at a time.
type Engine struct {
	lim       *Limits
	err       *Error
	remaining int64 // bytes to come of a fixed body, or of the chunk; the size so far while in a chunk line

	pos        uint32 // bytes of the section scanned; the scan goes on there
	mark       uint32 // start of the element being scanned
	colon      uint32 // end of the field name whose value is being scanned
	line       uint32 // bytes of this chunk line
	extensions uint32 // bytes of chunk extensions in this message

	role     Role
	request  requestState
	response responseState
	phase    phase
	chunk    chunkState
	facts    facts
}

// facts is what the engine must know about a request after its head is gone, and about its response.
type facts uint16

const (
	factPersist   facts = 1 << iota // the connection persists after this exchange
	factHTTP10                      // the client speaks 1.0
	factHEAD                        // HEAD: the response has no body
	factCONNECT                     // CONNECT: a 2xx has no framing
	factExpect                      // the client waits for 100 (Continue), and nothing of the body has come
	factUpgrade                     // the client offers to switch
	factNoBody                      // the response has no body
	factChunking                    // the response is chunked
	factDelimited                   // the response ends with the connection
)

// Init makes e ready for a new connection. lim must have passed WithDefaults; it is shared and only read.
func (e *Engine) Init(role Role, lim *Limits) {
	*e = Engine{lim: lim, role: role, request: reqIdle, response: resIdle}
}

// restart forgets the exchange.
func (e *Engine) restart() {
	e.pos, e.mark, e.phase, e.facts = 0, 0, phaseStart, 0
}

func (e *Engine) keepAlive() bool { return e.facts&factPersist != 0 }

// Next looks at p, which starts at the first byte not consumed, and returns the next event. h receives heads and
// trailers; the same h must come back until the section that it holds part of is complete. p may be longer than
// before, never shorter. It does not allocate, but for h's room for fields that it has not seen as many of before.
func (e *Engine) Next(p []byte, h *Head) Event {
	switch e.request {
	case reqIdle:
		return e.nextHead(p, h)
	case reqFixed:
		return e.nextFixed(p)
	case reqChunked:
		ev := e.nextChunked(p, h)
		if ev.N > 0 {
			e.facts &^= factExpect
		}
		return ev
	case reqEnding:
		e.step(inRequestEnd)
		return Event{Kind: End}
	case reqDone:
		return Event{Kind: Paused}
	case reqUpgraded:
		return Event{Kind: Upgraded, N: len(p), Data: p}
	case reqFailed:
		return Event{Kind: Fail, Err: e.err}
	}
	return Event{Kind: Closed}
}

func (e *Engine) fail(err *Error) Event {
	e.err = err
	e.facts &^= factPersist
	e.step(inFail)
	return Event{Kind: Fail, Err: err}
}

// nextHead parses the request line and the header section in one pass.
func (e *Engine) nextHead(p []byte, h *Head) Event {
	skip, ok, err := leadingLine(p)
	if err != nil {
		return e.fail(err)
	}
	if !ok {
		return Event{Kind: NeedMore}
	}
	p = p[skip:]
	if e.phase == phaseStart || !e.resumes(p, h) {
		e.restart()
		h.reset()
		e.phase = phaseMethod
	}
	end, err := e.scanHead(p, h)
	if err != nil {
		e.noteMethod(h)
		return e.fail(err)
	}
	if end == more {
		return Event{Kind: NeedMore}
	}
	return e.finishHead(p[:end:end], h, skip, len(p) > end)
}

// leadingLine skips one empty line before a request line, which some clients send after a body (RFC 9112 §2.2), and
// only one: it tells nothing, so a peer that goes on sending them has nothing to say. ok is false while p may still be
// just that.
func leadingLine(p []byte) (skip int, ok bool, err *Error) {
	switch {
	case len(p) == 0:
		return 0, false, nil
	case p[0] != '\r':
		return 0, true, nil
	case len(p) == 1:
		return 0, false, nil
	case p[1] != '\n':
		return 0, false, ErrBareCR
	}
	return 2, len(p) > 2, nil
}

// resumes reports whether h holds what e has parsed of the section at p so far.
func (e *Engine) resumes(p []byte, h *Head) bool {
	return h.owner == e && h.seen == e.pos && len(p) >= int(e.pos)
}

// scanHead goes on with the head at p and returns its length, or more. What is over a limit is not looked at.
func (e *Engine) scanHead(p []byte, h *Head) (int, *Error) {
	q := p[:min(len(p), e.lim.Head)]
	i := int(e.pos)
	if e.phase < phaseName {
		line := q[:min(len(q), e.lim.RequestLine)]
		var err *Error
		if i, err = e.scanRequestLine(line, h); err != nil {
			return 0, err
		}
		if i == more {
			return more, e.lineLimit(p)
		}
		e.phase, e.mark = phaseName, uint32(i)
	}
	i, err := e.scanFields(q, h, i)
	if i == more && len(p) >= e.lim.Head {
		return 0, ErrHeadTooLarge
	}
	return i, err
}

// lineLimit says whether a request line that is not complete in p may still become so.
func (e *Engine) lineLimit(p []byte) *Error {
	switch {
	case len(p) < min(e.lim.RequestLine, e.lim.Head):
		return nil
	case e.phase == phaseMethod:
		return ErrMethodTooLong
	}
	return ErrRequestLineTooLong
}

// finishHead decides about framing and notes what outlives the head. followed says that more than the head has come.
func (e *Engine) finishHead(raw []byte, h *Head, skip int, followed bool) Event {
	in, err := h.decide()
	if err != nil {
		e.noteMethod(h)
		return e.fail(err)
	}
	h.raw, h.headers, h.owner = raw, uint32(len(h.fields)), nil
	e.restart()
	e.noteMethod(h)
	if h.KeepAlive() {
		e.facts |= factPersist
	}
	if h.minor == 0 {
		e.facts |= factHTTP10
	}
	if h.flags&(flagExpect|flagUpgrade) != 0 {
		e.noteOffers(h, followed)
	}
	switch in {
	case inHeadFixed:
		e.remaining = h.length
	case inHeadChunked:
		e.extensions = 0
		e.startChunk()
	}
	e.step(in)
	return Event{Kind: HeadDone, N: skip + len(raw)}
}

func (e *Engine) noteMethod(h *Head) {
	switch h.id {
	case MethodHead:
		e.facts |= factHEAD
	case MethodConnect:
		e.facts |= factCONNECT
	}
}

// noteOffers: a client whose body came with the head does not wait (RFC 9110 §10.1.1).
func (e *Engine) noteOffers(h *Head, followed bool) {
	if h.Expect100() && !followed {
		e.facts |= factExpect
	}
	if h.Upgrade() != nil {
		e.facts |= factUpgrade
	}
}

// nextFixed hands out a body of known length (RFC 9112 §6.3).
func (e *Engine) nextFixed(p []byte) Event {
	if e.remaining == 0 {
		e.step(inRequestEnd)
		return Event{Kind: End}
	}
	if len(p) == 0 {
		return Event{Kind: NeedMore}
	}
	e.facts &^= factExpect
	n := len(p)
	if e.remaining < int64(n) {
		n = int(e.remaining)
	}
	e.remaining -= int64(n)
	return Event{Kind: Data, N: n, Data: p[:n:n]}
}

// HandleEOF is told that the peer will send nothing more and that Next has used all that it sent. It returns nil
// between messages and after a complete request, which can still be answered; else the message is truncated
// (RFC 9112 §8), which Next will say from now on, too.
func (e *Engine) HandleEOF() *Error {
	switch e.request {
	case reqIdle:
		if e.phase == phaseStart {
			return nil
		}
		return e.fail(ErrTruncatedHead).Err
	case reqFixed:
		if e.remaining == 0 {
			return nil
		}
		return e.fail(ErrTruncatedBody).Err
	case reqChunked:
		return e.fail(ErrTruncatedBody).Err
	case reqFailed:
		return e.err
	}
	return nil
}

// Idle reports whether the engine is between messages and has seen nothing of the next head.
func (e *Engine) Idle() bool { return e.request == reqIdle && e.phase == phaseStart }
