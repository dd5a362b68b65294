package ringwire

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/ringwire/ringwire/internal/world"
	"github.com/ringwire/ringwire/tls"
)

// worldHost is a server in a simulated world, and its handlers, which know what they must get.
type worldHost struct {
	w       *world.World
	srv     *Server
	svc     *service
	handled map[int]int // requests of a connection that reached their handler
	reading int         // bodies that are streamed, and whose reader has not been told of the end
	sockets worldSockets
	topics  worldTopics
}

// newWorldHost begins a server on w's driver.
func newWorldHost(w *world.World) *worldHost {
	p := w.Plan()
	h := &worldHost{w: w, handled: map[int]int{}}
	h.sockets.init(w)
	h.topics.init(&h.sockets)
	h.srv = &Server{Handler: HandlerFunc(h.serve), Config: testConfig(DriverNetpoll)}
	h.srv.wall = w.Wall
	h.srv.ReadHeaderTimeout, h.srv.IdleTimeout, h.srv.WriteTimeout = p.ReadHeaderTimeout, p.IdleTimeout, p.WriteTimeout
	h.srv.BodyBuffer, h.srv.MaxBody, h.srv.MaxConns = p.BodyBuffer, p.MaxBody, p.MaxConns
	h.srv.HandshakeTimeout, h.srv.HandshakeWorkers = p.HandshakeTimeout, -1
	if cfg := w.TLS(); cfg != nil {
		h.srv.TLS = &tls.Config{System: cfg}
		h.srv.Logger = slog.New(worldLog{w})
	}
	if err := h.srv.prepare(); err != nil {
		panic(err)
	}
	h.svc = h.srv.newService(w.Sim(), 1)
	h.sockets.alloc = h.svc.alloc
	h.srv.services = []*service{h.svc}
	if err := w.Sim().Listen(w.Sim().NewListener()); err != nil {
		panic(err)
	}
	w.Sim().Begin(h.svc.loop)
	return h
}

func (h *worldHost) Shutdown() { h.w.Sim().Post((*shutdownTask)(h.svc)) }

// worldOutput is the most output that one connection may hold: what makes it congested, and one
// response, a message or a handler's piece on top. With TLS there is one send besides, sealed already.
const (
	worldOutput = 256<<10 + 110_000
	worldSealed = 128<<10 + 4<<10 // of records, which crypto/tls makes short ones at first
)

// The most input: what stops receiving, and one receive of the simulated driver. With TLS that may complete a record of
// which the rest was there.
const (
	worldKept   = 64<<10 + 16<<10
	worldRecord = 16 << 10
)

func (h *worldHost) Publish(p world.Policy, key string, text []byte) { h.topics.publish(p, key, text) }

func (h *worldHost) Account(p world.Policy) world.Account { return h.topics.account(p) }

func (h *worldHost) Check() string {
	a, output, kept := h.svc.loop.Audit(), worldOutput, worldKept
	if h.srv.TLS != nil {
		output, kept = output+worldSealed, kept+worldRecord
	}
	switch {
	case a.Output > output:
		return fmt.Sprintf("a connection has %d bytes of output", a.Output)
	case a.Kept > kept:
		return fmt.Sprintf("a connection keeps %d bytes of input", a.Kept)
	case a.Overdue > worldOverdue:
		return fmt.Sprintf("a deadline has passed %v ago", a.Overdue)
	case a.Serving > h.srv.MaxConns:
		return fmt.Sprintf("%d connections are served at once", a.Serving)
	}
	return h.topics.check()
}

// worldOverdue is how late a deadline may be: two ticks of the wheel (conn.Conn.SetDeadline).
const worldOverdue = 9e6

func (h *worldHost) Held(ended bool) string {
	if h.reading != 0 {
		return fmt.Sprintf("%d readers of bodies were not told of the end", h.reading)
	}
	if h.sockets.open != 0 {
		return fmt.Sprintf("%d WebSockets were not told of their end", h.sockets.open)
	}
	if ended {
		return holdings(h.srv) + h.topics.held()
	}
	var text strings.Builder
	if n := h.svc.live(); n != 0 {
		fmt.Fprintf(&text, "%d exchanges; ", n)
	}
	if st := h.svc.alloc.Stats(); st.Leased != 0 {
		fmt.Fprintf(&text, "%d leases; ", st.Leased)
	}
	return text.String()
}

// serve answers as package world expects.
func (h *worldHost) serve(w *ResponseWriter, r *Request) {
	var kind string
	var c, n, length int
	if _, err := fmt.Sscanf(strings.ReplaceAll(r.Path(), "/", " "), "%s %d %d %d", &kind, &c, &n, &length); err != nil {
		h.w.Fail("request", -1, "a request for %q", r.Path())
		return
	}
	if from := int(r.RemoteAddr().Port()); from != int(uint16(1024+c)) {
		h.w.Fail("crossed", c, "its request came from port %d", from)
	}
	if h.handled[c] != n {
		h.w.Fail("order", c, "request %d is handled, and %d were before", n, h.handled[c])
	}
	h.handled[c]++
	key := world.Key(c, n, world.FromServer)
	switch kind[0] {
	case world.Whole:
		h.write(w, key, 0, length)
	case world.Empty:
		w.WriteHeader(StatusNoContent)
	case world.Stream:
		h.stream(w, key, length)
	case world.Pieces:
		for at := 0; at < length; at += 900 {
			h.write(w, key, int64(at), min(900, length-at))
			_ = w.Flush()
		}
		_ = w.Flush()
		_ = w.Trailer().Set("X-Sum", itoa(length))
	case world.Collect:
		body, _ := r.Body.View()
		h.right(c, n, body, 0)
		h.write(w, key, 0, length)
	case world.Sink:
		h.sink(w, r, c, n, length)
	case world.Duplex:
		h.duplex(w, r, c, n)
	case world.Panic:
		panic("as asked for")
	case world.Upgrade:
		h.sockets.upgrade(w, r, c, length)
	case world.Subscribe:
		h.topics.upgrade(w, r, c, world.Policy(length))
	}
}

// write writes some of a stream.
func (h *worldHost) write(w io.Writer, key uint64, at int64, n int) {
	p := make([]byte, n)
	world.Fill(p, key, at)
	_, _ = w.Write(p)
}

// right compares a piece of a request's body.
func (h *worldHost) right(c, n int, p []byte, at int64) {
	if i := world.Check(p, world.Key(c, n, world.FromClient), at); i >= 0 {
		h.w.Fail("body", c, "byte %d of request %d's body is wrong: %.100q", at+int64(i), n, p[i:])
	}
}

func (h *worldHost) stream(w *ResponseWriter, key uint64, length int) {
	w.SetContentLength(int64(length))
	at := 0
	w.Stream(func(w *ResponseWriter) error {
		n := min(length-at, 10_000)
		h.write(w, key, int64(at), n)
		if at += n; at == length {
			return io.EOF
		}
		return nil
	})
}

func (h *worldHost) sink(w *ResponseWriter, r *Request, c, n, length int) {
	at := int64(0)
	h.reading++
	r.Body.Stream(func(p []byte, err error) {
		if err != nil {
			h.reading--
		}
		h.right(c, n, p, at)
		if at += int64(len(p)); err == io.EOF {
			h.samePath(r, world.Sink, c, n, length)
			h.write(w, world.Key(c, n, world.FromServer), 0, length)
		}
	})
}

func (h *worldHost) duplex(w *ResponseWriter, r *Request, c, n int) {
	_ = w.Flush()
	at := int64(0)
	h.reading++
	r.Body.Stream(func(p []byte, err error) {
		if err != nil {
			h.reading--
		}
		h.right(c, n, p, at)
		h.write(w, world.Key(c, n, world.FromServer), at, len(p))
		if at += int64(len(p)); err == io.EOF {
			_ = w.Trailer().Set("X-Sum", itoa(int(at)))
		}
	})
}

// samePath looks at the head once more, long after the buffer that it came in was used again.
func (h *worldHost) samePath(r *Request, kind byte, c, n, length int) {
	if want := fmt.Sprintf("/%c/%d/%d/%d", kind, c, n, length); r.Path() != want {
		h.w.Fail("head", c, "the path of request %d has become %q, it was %q", n, r.Path(), want)
	}
}
