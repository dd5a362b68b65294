package ringwire

import (
	"io"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/flight"
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/proto/ws"
)

// begin takes over a connection whose opening handshake is over.
func (s *WebSocket) begin(c *conn.Conn) {
	role := ws.Server
	if s.client {
		role = ws.Client
	}
	s.eng.Init(role, &s.set.limits, s.host.account)
	s.eng.Compress(&s.agreed, s.host.codecs)
	s.conn, s.state = c, wsOpen
	s.heard = s.host.loop.Now()
	s.host.stats.Opened++
	s.host.stats.Open++
	c.SetHandler(s)
	s.schedule()
	if s.block != nil {
		s.block.begin()
	} else if open := s.set.OnOpen; open != nil {
		s.protect(&s.set.marks.open, func() { open(s) })
	}
	c.Redeliver()
	if c.Loop().ShuttingDown() {
		s.OnShutdown(c) // nobody else will say so
	}
}

// OnData implements conn.Handler.
func (s *WebSocket) OnData(c *conn.Conn, p []byte) (n int) {
	ok := false
	defer func() {
		if !ok {
			s.panicked(recovered(recover()))
			n = len(p)
		}
	}()
	s.host.loop.Handling(&s.set.marks.message)
	s.hear()
	n = s.take(p)
	ok = true
	return n
}

// take has the engine look at what has come, until it needs more, or until there is a reason to
// let the rest wait.
func (s *WebSocket) take(p []byte) (n int) {
	s.held = false
	for s.state < wsLeaving && s.late() == nil {
		if s.state == wsOpen && n < len(p) && (s.paused || s.conn.Congested()) {
			s.held = !s.paused
			break
		}
		ev := s.eng.Next(p[n:])
		n += ev.N
		if ev.Kind == ws.NeedMore || ev.Kind == ws.Closed {
			break
		}
		s.event(&ev)
	}
	if s.state >= wsLeaving || s.late() != nil {
		return len(p) // nobody will look at it
	}
	s.watchMessage(n < len(p))
	if s.eof && !s.held && !s.paused {
		s.ended()
	}
	return n
}

func (s *WebSocket) event(ev *ws.Event) {
	switch ev.Kind {
	case ws.Message:
		s.begun = 0
		m := Message{Kind: MessageKind(ev.Op), view: ev.Data, segs: ev.Segments, from: s.host.account}
		s.host.stats.MessagesIn++
		s.host.stats.BytesIn += uint64(m.Len())
		if s.state != wsOpen {
			return // it was on its way when this side closed
		}
		if s.block != nil {
			s.block.feed(s, m)
		} else if s.set.OnMessage != nil {
			s.set.OnMessage(s, m)
		}
	case ws.Ping:
		s.whole()
		s.host.stats.PingsIn++
		_ = s.eng.AppendPong(s.conn.Output(), ev.Data, s.key()) // after our Close none is due
		s.conn.Flush()
	case ws.Pong:
		s.whole()
		s.host.stats.Pongs++
		if s.state == wsOpen && s.block == nil && s.set.OnPong != nil {
			s.set.OnPong(s, ev.Data)
		}
	case ws.CloseFrame:
		s.peerClosed(ev.Code, ev.Data)
	case ws.Fail:
		s.broken(ev.Err)
	}
}

// OnEnd implements conn.Handler.
func (s *WebSocket) OnEnd(c *conn.Conn, err error) {
	s.eof = true
	switch {
	case s.state >= wsLeaving:
	case s.late() != nil && err == io.EOF: // it may still read
	case err != io.EOF:
		s.lost(err) // the connection is closed next
	case c.Kept() > 0:
		c.Redeliver() // take judges what is kept, now or once the output has drained
	default:
		s.ended()
	}
}

// ended ends a connection of which the peer has sent the last byte.
func (s *WebSocket) ended() {
	if err := s.eng.HandleEOF(); err != nil {
		s.lost(err)
	}
	s.leave(false)
}

// lost notes why the connection ends without a Close of the peer's.
func (s *WebSocket) lost(err error) {
	if s.end == nil {
		s.end = s.late()
	}
	if s.end == nil {
		s.end = &CloseError{Code: CloseAbnormal, Err: err}
	}
}

// OnDrain implements conn.Handler.
func (s *WebSocket) OnDrain(c *conn.Conn) {
	due := s.drainTopics() || s.full
	s.full = false
	s.proceed()
	if s.block != nil {
		s.block.flush(s, false)
	} else if drain := s.set.OnDrain; drain != nil && due && s.state == wsOpen {
		s.protect(&s.set.marks.drain, func() { drain(s) })
	}
}

// proceed has input looked at that has waited for this side.
func (s *WebSocket) proceed() {
	if s.held && s.begun != 0 {
		s.begun = s.host.loop.Now() // the peer is not to blame for the time since
	}
	s.held = false
	if s.paused && s.state != wsOpen {
		s.resume() // nobody will read, but the peer's Close is awaited
	}
	if !plant.On(plant.HeldNotResumed) {
		s.conn.Redeliver()
	}
}

// pause stops taking input until resume.
func (s *WebSocket) pause() {
	s.paused = true
	s.conn.Pause()
}

func (s *WebSocket) resume() {
	if s.paused {
		s.paused = false
		s.heard = s.host.loop.Now()
		if s.begun != 0 {
			s.begun = s.heard
		}
		s.conn.Resume()
	}
}

// OnShutdown implements conn.Handler.
func (s *WebSocket) OnShutdown(*conn.Conn) {
	if !plant.On(plant.SocketDrainForgets) || s.host.stats.Open%8 != 0 {
		_ = s.Close(CloseGoingAway, "")
	}
}

// OnClose implements conn.Handler.
func (s *WebSocket) OnClose(_ *conn.Conn, err error) {
	s.lost(err)
	s.leaveTopics()
	s.state, s.conn = wsGone, nil
	s.eng.Release()
	if s.http != nil {
		s.http.svc.closed(s.http)
		s.http = nil
	}
	s.host.stats.Open--
	s.host.stats.closed(s.end)
	if s.block != nil {
		s.block.kill(s.end)
	} else if f := s.set.OnClose; f != nil {
		s.protect(&s.set.marks.close, func() { f(s, s.end) })
	}
}

// protect runs a callback of the application's.
func (s *WebSocket) protect(m *flight.Mark, f func()) {
	ok := false
	defer func() {
		if !ok {
			s.panicked(recovered(recover()))
		}
	}()
	s.host.loop.Handling(m)
	f()
	ok = true
}

// panicked ends the connection of a callback that panicked.
func (s *WebSocket) panicked(v any) {
	s.host.logPanic(s.RemoteAddr(), v, stackOf(v))
	switch {
	case s.conn == nil || s.state >= wsLeaving:
	case v == ErrAbortHandler:
		s.abandon(nil)
	default:
		s.fail(CloseInternalError, "", nil)
	}
}
