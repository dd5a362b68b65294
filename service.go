package ringwire

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/flight"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
)

// service is what the server has on each loop. Only that loop touches it.
type service struct {
	srv    *Server
	cfg    *Config
	loop   *conn.Loop
	alloc  *mem.Allocator
	mem    purposes
	limits h1.Limits

	exchanges *mem.Pool[exchange]
	conns     *mem.Pool[h1Conn]
	refused   uint64 // requests answered by refuse

	ws             wsHost        // of what was upgraded
	refusedUpgrade atomic.Uint64 // by Upgrade, which may run on a worker

	common h1.Preset // the head of most responses, with date in it
	date   [29]byte  // the Date field's value (RFC 9110 §6.6.1)
	dateAt int64     // loop time from which it is out of date
}

// pools makes what the loop reuses. An idle connection has no exchange, and these take some
// KiB each: a crowd that came once should not be paid for ever after.
func (s *service) pools() {
	s.exchanges = mem.NewPool(mem.PoolConfig[exchange]{
		Name:  "exchange",
		New:   func() *exchange { return newExchange(s) },
		Reset: (*exchange).reset,
		Max:   1024,
		Heap:  s.cfg.DisablePooling,
	})
	s.conns = mem.NewPool(mem.PoolConfig[h1Conn]{
		Name:  "connection state",
		Reset: func(h *h1Conn) { *h = h1Conn{} },
		Max:   16 << 10, // small, and as many as there were connections
		Heap:  s.cfg.DisablePooling,
	})
}

// accept makes the handler of a new connection.
func (s *service) accept(c *conn.Conn) conn.Handler {
	h := s.conns.Get()
	h.svc, h.conn = s, c
	h.eng.Init(h1.Server, &s.limits)
	// The first request's head is due from the accept on.
	c.SetDeadline(s.after(s.cfg.ReadHeaderTimeout))
	return h
}

func (s *service) closed(h *h1Conn) { s.conns.Put(h) }

// acquire gives an exchange for the next head; release takes it back.
func (s *service) acquire() *exchange { return s.exchanges.Get() }

// live is the number of exchanges in use.
func (s *service) live() int { return s.exchanges.Stats().Out }

// release takes back an exchange that is over.
func (s *service) release(ex *exchange) { s.exchanges.Put(ex) }

// after is the loop time d from now.
func (s *service) after(d time.Duration) int64 { return s.loop.Now() + int64(d) }

// dateNow is the Date field's value, made once a second.
func (s *service) dateNow() []byte {
	if now := s.loop.Now(); now >= s.dateAt {
		wall := s.srv.wall()
		h1.AppendDate(s.date[:0], wall.Unix())
		s.common.Make(s.date[:], defaultType)
		s.dateAt = now + int64(time.Second) - int64(wall.Nanosecond())
	}
	return s.date[:]
}

// preset is the head of most responses, as of now.
func (s *service) preset() *h1.Preset {
	s.dateNow()
	return &s.common
}

// protect runs a callback of the application's outside of any response. It reports false
// when that panicked.
func (s *service) protect(m *flight.Mark, f func()) (ok bool) {
	defer func() {
		if !ok {
			v := recovered(recover())
			s.srv.logPanic(nil, v, stackOf(v))
		}
	}()
	s.loop.Handling(m)
	f()
	return true
}

// Errors of this layer, in the engine's form.
var (
	errBadEscape   = &h1.Error{Status: StatusBadRequest, Text: "malformed percent-encoding in the path", Ref: "RFC 3986 §2.1"}
	errConnect     = &h1.Error{Status: StatusNotImplemented, Text: "CONNECT is not supported", Ref: "RFC 9110 §9.3.6"}
	errTooLarge    = &h1.Error{Status: StatusContentTooLarge, Text: "request body is too large", Ref: "RFC 9110 §15.5.14"}
	errHeadTimeout = &h1.Error{Status: StatusRequestTimeout, Text: "request head took too long", Ref: "RFC 9110 §15.5.9"}
	errBodyTimeout = &h1.Error{Status: StatusRequestTimeout, Text: "request body arrives too slowly", Ref: "RFC 9110 §15.5.9"}
)

// offers reports whether an Upgrade field lists the protocol, in any case.
func offers(upgrade []byte, protocol string) bool {
	for _, offer := range strings.Split(string(upgrade), ",") {
		if strings.EqualFold(strings.TrimSpace(offer), protocol) {
			return true
		}
	}
	return false
}

// upgraded passes a connection's events to the protocol that it was upgraded to, and
// gives the HTTP side back at the end.
type upgraded struct {
	http *h1Conn
	conn.Handler
	mark *flight.Mark
}

func (u upgraded) OnData(c *conn.Conn, p []byte) (n int) {
	n = len(p)
	u.protect(c, func() { n = u.Handler.OnData(c, p) })
	return n
}

func (u upgraded) OnEnd(c *conn.Conn, err error) { u.protect(c, func() { u.Handler.OnEnd(c, err) }) }
func (u upgraded) OnDrain(c *conn.Conn)          { u.protect(c, func() { u.Handler.OnDrain(c) }) }
func (u upgraded) OnTimeout(c *conn.Conn)        { u.protect(c, func() { u.Handler.OnTimeout(c) }) }
func (u upgraded) OnShutdown(c *conn.Conn)       { u.protect(c, func() { u.Handler.OnShutdown(c) }) }

func (u upgraded) OnClose(c *conn.Conn, err error) {
	u.http.svc.protect(u.mark, func() { u.Handler.OnClose(c, err) })
	u.http.svc.closed(u.http)
}

// protect closes the connection when f panics.
func (u upgraded) protect(c *conn.Conn, f func()) {
	if !u.http.svc.protect(u.mark, f) {
		c.Abort(nil)
	}
}
