package ringwire

import (
	"errors"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/plant"
)

var (
	errSilent      = errors.New("ringwire: the peer does not answer pings")
	errSlowMessage = errors.New("ringwire: a message took too long")
	errNoClose     = errors.New("ringwire: the peer does not answer the Close")
)

// watchMessage keeps the time at which a message began that is not complete; kept says that bytes
// of it lie here.
func (s *WebSocket) watchMessage(kept bool) {
	switch {
	case !kept && !s.eng.InMessage():
		s.begun = 0
	case s.begun == 0:
		s.begun = s.host.loop.Now()
		s.schedule()
	}
}

// whole notes that a control frame is complete: what began with it, and is no message, is over.
func (s *WebSocket) whole() {
	if !s.eng.InMessage() {
		s.begun = 0
	}
}

// OnTimeout implements conn.Handler. Nothing is timed exactly: what comes stores the time, and this
// looks at it when the earliest deadline that was thought of has passed.
func (s *WebSocket) OnTimeout(c *conn.Conn) {
	now := s.host.loop.Now()
	if s.state == wsClosing {
		s.abandon(errNoClose)
		return
	}
	if s.late() != nil {
		s.block.overdue(s)
		return
	}
	if s.held || s.paused || c.Buffered() > 0 {
		// It is this side that does not listen, or the output which the peer takes, or does not:
		// then the write timeout ends it.
		s.heard, s.pinged = now, 0
		if s.begun != 0 && (s.held || s.paused) {
			s.begun = now
		}
	}
	switch {
	case s.begun != 0 && now-s.begun >= int64(s.set.messageTimeout):
		s.fail(ClosePolicyViolation, "message took too long", errSlowMessage)
		return
	case s.pinged != 0 && now-s.pinged >= int64(s.set.pongTimeout) && !plant.On(plant.SilenceNotTimed):
		s.host.stats.PingTimeouts++
		s.abandon(errSilent)
		return
	}
	if s.pinged == 0 && now-s.heard >= int64(s.set.pingEvery) {
		s.ping(now)
	}
	s.schedule()
}

// ping asks whether the peer is still there.
func (s *WebSocket) ping(now int64) {
	if s.eng.AppendPing(s.conn.Output(), nil, s.key()) == nil {
		s.pinged = now
		s.host.stats.Pings++
		s.conn.Flush()
	}
}

// hear notes that bytes have come. The engine bounds control frames in a row, and has no clock:
// once a second the peer gets a fresh allowance.
func (s *WebSocket) hear() {
	s.heard = s.host.loop.Now()
	if s.pinged != 0 {
		s.pinged = 0 // any sign of life will do
		s.schedule()
	}
	if s.heard-s.refilled >= int64(time.Second) {
		s.refilled = s.heard
		s.eng.Refill()
	}
}

// schedule sets the deadline to when the next thing may be due.
func (s *WebSocket) schedule() {
	if s.late() != nil {
		s.conn.SetDeadline(s.block.lateBy)
		return
	}
	if s.state == wsClosing {
		return // until the CloseTimeout, whatever comes
	}
	at := s.heard + int64(s.set.pingEvery)
	if s.pinged != 0 {
		at = s.pinged + int64(s.set.pongTimeout)
	}
	if s.begun != 0 {
		at = min(at, s.begun+int64(s.set.messageTimeout))
	}
	s.conn.SetDeadline(at)
}
