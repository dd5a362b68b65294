package ringwire

import (
	"strings"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
)

// service is what the server has on each loop. Only that loop touches it.
type service struct {
	srv    *Server
	cfg    *Config
	loop   *conn.Loop
	alloc  *mem.Allocator
	limits h1.Limits

	exchanges *exchange // free, at most maxFreeExchanges
	spare     int       // how many these are
	conns     *h1Conn   // free
	live      int       // exchanges in use
	refused   uint64    // requests answered by refuse

	common h1.Preset // the head of most responses, with date in it
	date   [29]byte  // the Date field's value (RFC 9110 §6.6.1)
	dateAt int64     // loop time from which it is out of date
}

// accept makes the handler of a new connection.
func (s *service) accept(c *conn.Conn) conn.Handler {
	h := s.conns
	if h == nil {
		h = &h1Conn{svc: s}
	} else {
		s.conns = h.next
		*h = h1Conn{svc: s}
	}
	h.conn = c
	h.eng.Init(h1.Server, &s.limits)
	// The first request's head is due from the accept on.
	c.SetDeadline(s.after(s.cfg.ReadHeaderTimeout))
	return h
}

func (s *service) closed(h *h1Conn) {
	h.conn = nil
	h.next = s.conns
	s.conns = h
}

// acquire gives an exchange for the next head; putBack or release takes it.
func (s *service) acquire() *exchange {
	s.live++
	ex := s.exchanges
	if ex == nil {
		return newExchange(s)
	}
	s.exchanges = ex.next
	s.spare--
	return ex
}

// putBack takes back an exchange that was not used.
func (s *service) putBack(ex *exchange) {
	s.live--
	if s.spare < maxFreeExchanges {
		s.spare++
		ex.next = s.exchanges
		s.exchanges = ex
	}
}

// maxFreeExchanges is how many unused exchanges a loop keeps: they take some KiB each, and a
// crowd that came once should not be paid for ever after.
const maxFreeExchanges = 1024

// release takes back an exchange that is over.
func (s *service) release(ex *exchange) {
	ex.reset()
	s.putBack(ex)
}

// after is the loop time d from now.
func (s *service) after(d time.Duration) int64 { return s.loop.Now() + int64(d) }

// dateNow is the Date field's value, made once a second.
func (s *service) dateNow() []byte {
	if now := s.loop.Now(); now >= s.dateAt {
		wall := time.Now()
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
func (s *service) protect(f func()) (ok bool) {
	defer func() {
		if !ok {
			v := recovered(recover())
			s.srv.logPanic(nil, v, stackOf(v))
		}
	}()
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
	u.http.svc.protect(func() { u.Handler.OnClose(c, err) })
	u.http.svc.closed(u.http)
}

// protect closes the connection when f panics.
func (u upgraded) protect(c *conn.Conn, f func()) {
	if !u.http.svc.protect(f) {
		c.Abort(nil)
	}
}
