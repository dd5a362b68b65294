package ws

// A connection has two halves, which end each with a Close of its own. What is received:
//
//	received   first   whole   next    last    end     close   fail
//	---------  ------  ------  ------  ------  ------  ------  ------
//	recIdle    frame   last    ·       ·       ·       closed  failed
//	recFrame   ·       ·       ·       ·       gap     ·       failed
//	recGap     ·       ·       frame   last    ·       closed  failed
//	recLast    ·       ·       ·       ·       idle    ·       failed
//	recClosed  ·       ·       ·       ·       ·       ·       ·
//	recFailed  ·       ·       ·       ·       ·       ·       ·
//
// Control frames move nothing but for a Close. A dot under first to last is the peer's fault, see Engine.admit; elsewhere
// it cannot come. What is sent:
//
//	sent       first   whole   next    last    end     close
//	---------  ------  ------  ------  ------  ------  ------
//	sndIdle    begun   idle    ·       ·       ·       closed
//	sndBegun   ·       ·       begun   idle    ·       closed
//	sndClosed  ·       ·       ·       ·       ·       ·
//
// Here a dot is the caller's fault, and an error.
type (
	receiveState uint8
	sendState    uint8
	input        uint8
)

// What is received.
const (
	_         receiveState = iota
	recIdle                // between messages
	recFrame               // in the payload of a frame that is not its message's last
	recGap                 // between the frames of a message
	recLast                // in the payload of a message's last frame
	recClosed              // the peer's Close has come
	recFailed              // the peer broke the rules; Engine.err says how
	receiveStates
)

// What is sent.
const (
	_         sendState = iota
	sndIdle             // between messages
	sndBegun            // a message in fragments is not finished
	sndClosed           // Close was sent
	sendStates
)

const (
	inFirst input = iota // a message's first frame of several
	inWhole              // its only one
	inNext               // one more
	inLast               // the last one
	inEnd                // a frame's payload is over
	inClose              // a Close
	inFail               // a breach of the protocol
	inputs
)

var receiveTable = [receiveStates][inputs]receiveState{
	recIdle:  {inFirst: recFrame, inWhole: recLast, inClose: recClosed, inFail: recFailed},
	recFrame: {inEnd: recGap, inFail: recFailed},
	recGap:   {inNext: recFrame, inLast: recLast, inClose: recClosed, inFail: recFailed},
	recLast:  {inEnd: recIdle, inFail: recFailed},
}

var sendTable = [sendStates][inputs]sendState{
	sndIdle:  {inWhole: sndIdle, inFirst: sndBegun, inClose: sndClosed},
	sndBegun: {inNext: sndBegun, inLast: sndIdle, inClose: sndClosed},
}

// step moves the receiving half.
func (e *Engine) step(in input) {
	next := receiveTable[e.receive][in]
	if next == 0 {
		panic("ws: an input that the state does not have")
	}
	e.receive = next
}

// stepSend moves the sending half, or says why it does not.
func (e *Engine) stepSend(in input) error {
	next := sendTable[e.send][in]
	if next == 0 {
		if e.send == sndClosed {
			return ErrCloseSent
		}
		return ErrSending
	}
	e.send = next
	return nil
}

// inputOf is what a data frame is to either half.
func inputOf(op Opcode, fin bool) input {
	switch {
	case op == Continuation && fin:
		return inLast
	case op == Continuation:
		return inNext
	case fin:
		return inWhole
	}
	return inFirst
}
