package conn

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// secure is what a connection with TLS has besides: the session, and the sealed bytes on
// their way in and out. The handler's side of the Conn is the same as without.
type secure struct {
	session *tls.Session  // of a server: nil until the peer has greeted
	job     *handshakeJob // nil unless the handshake is made elsewhere
	wire    mem.Writer    // sealed, not yet acknowledged by the driver; the front may be in flight
	part    spill         // of a record, or of the handshake, until the rest has come
	greeted int64         // when the peer's first record was there, loop time
	epoch   uint32        // counts the connections that this secure was of
	phase   securePhase
	woken   bool // a signature came before it was waited for
	pulse   pulse
}

// securePhase says what a session waits for.
type securePhase uint8

const (
	greeting securePhase = iota // the client's first record
	queued                      // its turn
	shaking                     // the peer, in a handshake that has begun
	signing                     // an asynchronous key
	settled                     // nothing: the handshake is over
)

// TLS is what the handshake has found out, nil without TLS. It is valid as long as the
// connection.
func (c *Conn) TLS() *tls.Info {
	if c.sec == nil || c.sec.session == nil {
		return nil
	}
	return c.sec.session.Info()
}

// AppendPools appends the accounts of what the loop reuses: connections with TLS, once there was one. On the loop only.
func (l *Loop) AppendPools(dst []mem.PoolStats) []mem.PoolStats {
	if l.secures != nil {
		dst = append(dst, l.secures.Stats())
	}
	return dst
}

// secured begins the handshake on a new connection.
func (l *Loop) secured(c *Conn) {
	if l.secures == nil {
		l.secures = mem.NewPool(mem.PoolConfig[secure]{Name: "TLS connection", Reset: resetSecure, Max: 16 << 10, Heap: !l.cfg.Alloc.Pooling()})
	}
	c.sec = l.secures.Get()
	c.sec.wire.InitFor(l.output, 0)
	if !plant.On(plant.HandshakeNotTimed) {
		c.SetDeadline(l.now + int64(l.cfg.HandshakeTimeout))
	}
}

// attach gives the connection its session. addrs tells its callbacks the addresses.
func (l *Loop) attach(c *Conn, session *tls.Session, addrs func(remote bool) netip.AddrPort) {
	s, epoch, id := c.sec, c.sec.epoch, c.id
	s.session = session
	session.SetAddrs(addrs)
	session.SetWake(func() { l.drv.Post(&wakeTask{l, s, id, epoch}) })
}

// addr looks an address up, on the loop.
func (c *Conn) addr(remote bool) netip.AddrPort {
	if remote {
		return c.RemoteAddr()
	}
	return c.LocalAddr()
}

// receivedSealed takes bytes of a connection with TLS.
func (l *Loop) receivedSealed(c *Conn, p []byte) {
	s := c.sec
	if s.phase != settled {
		l.receivedHandshake(c, p)
		return
	}
	for len(p) > 0 && c.state == open {
		if s.part.len() > 0 {
			p = p[l.completeRecord(c, p):]
			continue
		}
		n, _ := s.session.Frame(p)
		if n == 0 && plant.On(plant.RecordHeadLost) && len(p) < tls.Head {
			return
		}
		if n == 0 {
			s.part.add(l.kept, p) // the only copy: of what straddles receive buffers
			return
		}
		l.openRecord(c, p[:n])
		p = p[n:]
	}
	if len(p) > 0 {
		c.surplus()
	}
}

// completeRecord adds bytes of p to the record that has begun, and opens it when it is whole. It
// returns how many it took.
func (l *Loop) completeRecord(c *Conn, p []byte) (took int) {
	part := &c.sec.part
	for {
		n, missing := c.sec.session.Frame(part.bytes())
		if n > 0 {
			rec := *part
			*part = spill{}
			l.openRecord(c, rec.bytes()[:n])
			rec.release()
			return took
		}
		if took == len(p) {
			return took
		}
		more := min(missing, len(p)-took)
		part.add(l.kept, p[took:took+more])
		took += more
	}
}

// openRecord opens one record and hands over what it held.
func (l *Loop) openRecord(c *Conn, rec []byte) {
	l.used(c.sec)
	v, err := c.sec.session.Open(rec)
	switch {
	case err != nil:
		c.failSecure(err)
	case v.Kind == tls.Data:
		l.receivedPlain(c, v.Data)
	case v.Kind == tls.NeedSend:
		c.mark()
	case v.Kind == tls.CloseNotify:
		l.endedSealed(c, io.EOF)
	}
}

// endedSealed takes the end of the transport, or io.EOF for the peer's close_notify.
func (l *Loop) endedSealed(c *Conn, err error) {
	if c.has(ended) && c.state == open {
		if err != io.EOF {
			c.fail(err)
		}
		return // close_notify has said it before
	}
	if j := c.sec.job; j != nil && j.busy && err == io.EOF && c.state == open {
		j.fin = true // it may have come behind the whole handshake
		return
	}
	if c.sec.phase != settled && c.state == open {
		cut := fmt.Errorf("%w: %w", errHandshakeCut, err)
		l.handshakeFailed(c, cut)
		c.fail(cut)
		return
	}
	c.flags |= ended
	if err == io.EOF && c.state == open {
		err = c.endOfInput()
	}
	l.endedOpen(c, err)
}

// endOfInput is io.EOF, or, with TLS, that the peer has not said that it is the end.
func (c *Conn) endOfInput() error {
	if c.sec != nil && c.sec.session != nil && !plant.On(plant.TruncationIsEnd) {
		if cut := c.sec.session.End(); cut != nil {
			return cut
		}
	}
	return io.EOF
}

// failSecure ends a connection whose session has failed: no plaintext follows in either
// direction, but the alert goes out.
func (c *Conn) failSecure(err error) {
	if c.state == open {
		c.handler.OnEnd(c, err)
	}
	c.out.Release()
	if c.state == closing {
		return
	}
	if c.err == nil {
		c.err = err
	}
	c.closeWith(linger) // the alert must not be overtaken by a reset
	c.surplus()         // also where the handler has closed already
}

// sealOutput seals what the handler has written, as much as one send takes, and whatever the
// session has to say.
func (c *Conn) sealOutput() {
	s := c.sec
	if s.phase != settled {
		return
	}
	if c.out.Len() > 0 || c.state == flushing {
		c.loop.used(s)
	}
	if s.session.Owes() {
		s.session.Pending(&s.wire)
	}
	if s.session.Err() != nil {
		c.out.Release()
		return
	}
	if room := c.loop.cfg.MaxSend - s.wire.Len(); room > 0 && c.out.Len() > 0 {
		s.session.Encrypt(&s.wire, c.out.Segments(), room)
	}
	if c.state == flushing && c.out.Len() == 0 && !plant.On(plant.CloseNotifyForgotten) {
		s.session.Close(&s.wire)
	}
}

// sendable is what the driver gets: the output itself, or its sealed form.
func (c *Conn) sendable() *mem.Writer {
	if c.sec != nil {
		return &c.sec.wire
	}
	return &c.out
}

// unsent is the number of bytes that the driver has not yet acknowledged.
func (c *Conn) unsent() int {
	if c.sec != nil {
		return c.out.Len() + c.sec.wire.Len()
	}
	return c.out.Len()
}

// dropSecure ends the session of a connection that is gone.
func (l *Loop) dropSecure(c *Conn) {
	s := c.sec
	c.sec = nil
	l.forget(s)
	switch s.phase {
	case queued:
		l.unqueue(c.id)
	case shaking, signing:
		l.shakings--
	}
	switch {
	case s.job != nil && s.job.busy:
		s.job.dead = true // a worker has it: the end of its step ends it
		return
	case s.job != nil:
		s.job.abort()
	case s.session != nil:
		s.session.Abort()
	}
	l.secures.Put(s)
}

func resetSecure(s *secure) {
	s.wire.Release()
	s.part.release()
	*s = secure{epoch: s.epoch + 1}
}

// wakeTask goes on with a handshake whose signature is there.
type wakeTask struct {
	loop  *Loop
	sec   *secure
	id    uint32
	epoch uint32
}

func (t *wakeTask) RunTask() {
	s := t.sec
	if s.epoch != t.epoch {
		return // the connection is gone
	}
	if s.phase != signing {
		s.woken = true
		return
	}
	s.phase = shaking
	t.loop.enter()
	t.loop.stepHandshake(t.loop.conn(t.id))
}

// greeter is the handler of an accepted connection until its handshake is over.
type greeter struct{}

func (greeter) OnData(_ *Conn, p []byte) int { return len(p) }
func (greeter) OnEnd(*Conn, error)           {}
func (greeter) OnDrain(*Conn)                {}
func (greeter) OnShutdown(c *Conn)           { c.teardown() }
func (greeter) OnClose(*Conn, error)         {}

func (greeter) OnTimeout(c *Conn) {
	c.loop.handshakeFailed(c, ErrHandshakeTimeout)
	c.fail(ErrHandshakeTimeout)
}
