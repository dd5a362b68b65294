package conn

import (
	"errors"
	"slices"
	"time"

	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/tls"
)

// A handshake's first step, with the peer's first record, takes as long as dozens of
// requests. So a turn makes one of them. When several have come the others are for workers, a few
// at a time, and all while workers have something to do: the loop then takes one only that has waited
// for long. Without workers they are for the turns that follow. The later steps are short and made as their bytes arrive.

var (
	errHandshakeCut   = errors.New("conn: connection ended within the TLS handshake")
	errHandshakeFlood = errors.New("conn: peer sends more than a TLS handshake waits for")
)

// receivedHandshake takes bytes of a handshake.
func (l *Loop) receivedHandshake(c *Conn, p []byte) {
	s := c.sec
	if s.job != nil && s.job.busy {
		s.job.keep(c, p)
		return
	}
	s.part.add(l.kept, p)
	switch {
	case s.phase == greeting && tls.Greeted(s.part.bytes()):
		s.phase, s.greeted = queued, l.now
		l.hellos = append(l.hellos, c.id)
	case s.phase == shaking:
		l.stepHandshake(c) // what follows the handshake may be long, and is not judged
	}
	if s.phase != settled && s.part.len() > l.cfg.MaxPending && (s.job == nil || !s.job.busy) {
		l.handshakeFailed(c, errHandshakeFlood)
		c.fail(errHandshakeFlood)
	}
}

// greet makes the first step of handshakes that wait: one here, or, of several, some elsewhere. It
// says when it wants to go on: 0 is when a worker has ended a step.
func (l *Loop) greet() (again int64) {
	h, handed := l.cfg.Handshakers, 0
	burst := h != nil && len(l.hellos) > 1
	idle, made := burst && !h.busy(), false
	for len(l.hellos) > 0 && l.shakings < l.cfg.MaxHandshakes {
		c := l.conn(l.hellos[0])
		// With idle workers one is made here, too, so that neither side waits; a client's always is.
		here := !burst || idle && !made || c.sec != nil && c.sec.session != nil
		switch {
		case c.state != open: // it is gone, but for the driver's word
			l.hellos = l.hellos[:copy(l.hellos, l.hellos[1:])]
		case here && made:
			return l.now // after looking for what else has come
		case here:
			made = true
			if c.sec.session == nil {
				l.attach(c, l.tls.Accept(), c.addr)
			}
			l.greetFirst(c)
		case handed < maxHandOver && h.take(l, c):
			handed++
			l.stats.HandedOver++
			l.greetFirst(c)
		case handed == maxHandOver:
			return l.now
		case l.now-c.sec.greeted < int64(reliefPatience):
			return c.sec.greeted + int64(reliefPatience)
		default:
			burst = false
		}
	}
	return 0
}

// greetFirst begins the handshake of the connection that has waited longest.
func (l *Loop) greetFirst(c *Conn) {
	l.hellos = l.hellos[:copy(l.hellos, l.hellos[1:])]
	l.shakings++
	c.sec.phase = shaking
	l.stepHandshake(c)
}

const (
	// maxHandOver is how many handshakes a turn gives to workers: each may cost the waking of a thread.
	maxHandOver = 4
	// reliefPatience is how long a hello waits for a worker before the loop takes it all the same.
	// Without, a burst would have the loop work as hard as the workers, and be as late.
	reliefPatience = 50 * time.Millisecond
)

// unqueue forgets a connection that is gone before its turn came.
func (l *Loop) unqueue(id uint32) {
	if i := slices.Index(l.hellos, id); i >= 0 {
		l.hellos = slices.Delete(l.hellos, i, i+1)
	}
}

// stepHandshake goes on with a handshake, here or where it was begun.
func (l *Loop) stepHandshake(c *Conn) {
	s := c.sec
	if s.job == nil {
		used, state, err := s.session.Step(s.part.bytes(), &s.wire)
		s.part.discard(used)
		l.stepped(c, state, err)
	} else if !s.job.busy { // else the end of its step looks at what has come meanwhile
		s.job.step(s.part.bytes())
	}
}

// stepped takes the outcome of a step.
func (l *Loop) stepped(c *Conn, state tls.State, err error) {
	s := c.sec
	c.mark()
	switch {
	case c.state != open: // it ended meanwhile
		l.shakings--
		s.phase = settled
	case err != nil:
		l.shakings--
		s.phase = settled
		l.handshakeFailed(c, err)
		c.failSecure(err)
	case state == tls.Ready:
		l.shakings--
		s.phase = settled
		l.settle(c)
	case state == tls.Waiting && s.woken:
		s.woken = false
		l.stepHandshake(c)
	case state == tls.Waiting:
		s.phase = signing
	}
}

// handshakeFailed counts and reports.
func (l *Loop) handshakeFailed(c *Conn, err error) {
	l.stats.HandshakeErrors++
	if err == tls.ErrPlaintext {
		l.stats.Plaintext++
	}
	if l.cfg.HandshakeFailed != nil && !c.has(outgoing) { // whose handler is told
		l.cfg.HandshakeFailed(c, err)
	}
}

// settle hands the connection to its handler, with what has come behind the handshake.
func (l *Loop) settle(c *Conn) {
	s := c.sec
	l.stats.Handshakes++
	l.begin(s)
	if s.session.Info().Resumed {
		l.stats.Resumed++
	}
	c.SetDeadline(0)
	if l.shutting {
		c.closeFor(ErrStopped)
		return
	}
	if a, ok := c.handler.(*awaiting); ok {
		c.admitted(a)
	} else {
		c.handler = l.cfg.Accept(c)
	}
	rest := s.part
	s.part = spill{}
	if rest.len() > 0 && !plant.On(plant.RestLost) {
		l.receivedSealed(c, rest.bytes())
	}
	rest.release()
}
