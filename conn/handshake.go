package conn

import (
	"errors"
	"slices"

	"github.com/ringwire/ringwire/tls"
)

// A handshake's first step, with the peer's first record, takes as long as dozens of
// requests. So a turn makes one of them, and leaves the others that have come to workers, or to
// the turns that follow. The later steps are short and made as their bytes arrive.

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
		s.phase = queued
		l.hellos = append(l.hellos, c.id)
	case s.phase == shaking:
		l.stepHandshake(c) // what follows the handshake may be long, and is not judged
	}
	if s.phase != settled && s.part.len() > l.cfg.MaxPending && (s.job == nil || !s.job.busy) {
		l.handshakeFailed(c, errHandshakeFlood)
		c.fail(errHandshakeFlood)
	}
}

// greet makes the first step of handshakes that wait: one here, the others elsewhere.
func (l *Loop) greet() {
	for here := true; len(l.hellos) > 0 && l.shakings < l.cfg.MaxHandshakes; {
		c := l.conn(l.hellos[0])
		switch {
		case c.state != open: // it is gone, but for the driver's word
			l.hellos = l.hellos[:copy(l.hellos, l.hellos[1:])]
			continue
		case here:
			here = false
			if c.sec.session == nil {
				l.attach(c, l.tls.Accept(), c.addr)
			}
		case c.sec.session != nil: // a client's: it stays here
			return
		case l.cfg.Handshakers == nil || !l.cfg.Handshakers.take(l, c):
			return
		default:
			l.stats.HandedOver++
		}
		l.hellos = l.hellos[:copy(l.hellos, l.hellos[1:])]
		l.shakings++
		c.sec.phase = shaking
		l.stepHandshake(c)
	}
}

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
	if rest.len() > 0 {
		l.receivedSealed(c, rest.bytes())
	}
	rest.release()
}
