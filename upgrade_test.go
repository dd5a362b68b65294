package ringwire

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
)

// rawEcho is what a connection is upgraded to: it sends back what comes.
type rawEcho struct{ calls chan string }

func (e *rawEcho) OnData(c *conn.Conn, p []byte) int {
	_, _ = c.Output().Write(p)
	c.Flush()
	return len(p)
}
func (e *rawEcho) OnEnd(c *conn.Conn, err error)   { e.calls <- "end"; c.Close() }
func (e *rawEcho) OnDrain(*conn.Conn)              {}
func (e *rawEcho) OnTimeout(*conn.Conn)            { e.calls <- "timeout" }
func (e *rawEcho) OnShutdown(c *conn.Conn)         { e.calls <- "shutdown"; c.Close() }
func (e *rawEcho) OnClose(_ *conn.Conn, err error) { e.calls <- "close" }

func (e *rawEcho) expect(t *testing.T, want, why string) {
	t.Helper()
	select {
	case got := <-e.calls:
		if got != want {
			t.Fatalf("call %q, want %q: %s", got, want, why)
		}
	case <-time.After(patience):
		t.Fatalf("waited in vain for call %q: %s", want, why)
	}
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"

func upgradeTo(e *rawEcho) HandlerFunc {
	return func(w *ResponseWriter, r *Request) {
		if err := w.Upgrade("echo", e); err != nil {
			Error(w, err.Error(), 426)
		}
	}
}

// After 101 every byte belongs to the new protocol, those that came with the head included.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for name, pieces := range map[string][]string{
			"bytes after the answer":   {upgradeRequest},
			"bytes along with it":      {upgradeRequest + "early "},
			"bytes in the next piece":  {upgradeRequest[:30], upgradeRequest[30:], "early "},
			"split before the bytes":   {upgradeRequest[:30], upgradeRequest[30:] + "early "},
			"behind another request":   {get("/plain", "X: y") + upgradeRequest + "early "},
			"split in the empty line":  {upgradeRequest[:len(upgradeRequest)-1], "\nearly "},
			"behind one on a worker":   {get("/b") + upgradeRequest + "early "},
			"much along with the head": {upgradeRequest + strings.Repeat("0123456789abcdef", 10_000)},
		} {
			t.Run(name, func(t *testing.T) {
				e := &rawEcho{make(chan string, 10)}
				s := start(t, driver, func(w *ResponseWriter, r *Request) {
					if r.Path() == "/b" {
						Blocking(HandlerFunc(hello)).ServeHTTP(w, r)
						return
					}
					upgradeTo(e)(w, r)
				})
				p := s.dial()
				_, early, _ := strings.Cut(strings.Join(pieces, ""), upgradeRequest)
				go func() {
					for _, piece := range pieces {
						_, _ = io.WriteString(p.Conn, piece)
						time.Sleep(3 * time.Millisecond)
					}
				}()
				if strings.HasPrefix(pieces[0], "GET /plain") {
					p.expect("GET", 426, ErrUpgrade.Error()+"\n", "it does not ask for an upgrade")
				}
				if strings.HasPrefix(pieces[0], "GET /b") {
					p.expect("GET", 200, "hello /b", "")
				}
				p.expectRaw(switching+early, "the bytes after the head are the new protocol's")
				p.send("late")
				p.expectRaw("late", "the connection goes on as an echo")
				p.finish()
				p.expectEnd("")
				e.expect(t, "end", "the client's FIN is the new protocol's business")
				e.expect(t, "close", "")
			})
		}
	})
}

const upgradeRequest = "GET / HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: other, ECHO\r\n\r\n"

func TestUpgradeRefused(t *testing.T) {
	t.Parallel()
	e := &rawEcho{make(chan string, 10)}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/b" {
				Blocking(upgradeTo(e)).ServeHTTP(w, r)
				return
			}
			upgradeTo(e)(w, r)
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 10, 1000 })
		for _, tc := range []struct{ raw, why string }{
			{get("/"), "nothing is asked for"},
			{get("/", "Upgrade: echo"), "Upgrade counts only with Connection: upgrade (RFC 9110 §7.8)"},
			{get("/", "Connection: upgrade", "Upgrade: other"), "another protocol is asked for"},
			{strings.Replace(upgradeRequest, "HTTP/1.1", "HTTP/1.0", 1), "1.0 knows no upgrade (RFC 9110 §7.8)"},
			{strings.Replace(upgradeRequest, "GET /", "GET /b", 1), "not from a Blocking handler"},
			{post("/", pattern(100), "Connection: upgrade", "Upgrade: echo"), "not while the body arrives"},
		} {
			p := s.dial()
			p.send(tc.raw)
			if a := p.response("GET"); a.StatusCode != 426 {
				t.Errorf("got %d, want the handler's 426: %s", a.StatusCode, tc.why)
			}
			_ = p.Close()
		}
		if len(e.calls) > 0 {
			t.Errorf("the new protocol was called: %s", <-e.calls)
		}
	})
}

// A FIN that came while HTTP was still busy is the new protocol's to know of.
func TestUpgradeAfterEnd(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for _, early := range []string{"", "early"} {
			e := &rawEcho{make(chan string, 10)}
			gate := make(chan struct{})
			s := start(t, driver, func(w *ResponseWriter, r *Request) {
				if r.Path() == "/b" {
					Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) { <-gate; hello(w, r) })).ServeHTTP(w, r)
					return
				}
				upgradeTo(e)(w, r)
			})
			p := s.dial()
			p.send(get("/b") + upgradeRequest + early)
			p.finish()
			time.Sleep(30 * time.Millisecond) // for the FIN to be seen
			close(gate)
			p.expect("GET", 200, "hello /b", "")
			p.expectRaw(switching+early, "the bytes come before the end")
			e.expect(t, "end", "the FIN came long ago")
			e.expect(t, "close", "")
			p.expectEnd("")
		}
	})
}

// HTTP's timeouts end with HTTP.
func TestUpgradeEndsTimeouts(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		e := &rawEcho{make(chan string, 10)}
		s := start(t, driver, upgradeTo(e), func(s *Server) {
			s.ReadHeaderTimeout, s.IdleTimeout = 500*time.Millisecond, 500*time.Millisecond
		})
		p := s.dial()
		p.send(upgradeRequest)
		p.expectRaw(switching, "")
		time.Sleep(700 * time.Millisecond)
		p.send("late")
		p.expectRaw("late", "the connection goes on as an echo")
	})
}

func TestUpgradeShutdown(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		e := &rawEcho{make(chan string, 10)}
		s := start(t, driver, upgradeTo(e))
		p := s.dial()
		p.send(upgradeRequest)
		p.expectRaw(switching, "")
		go s.Shutdown(t.Context())
		e.expect(t, "shutdown", "the new protocol is asked to end")
		e.expect(t, "close", "and did")
		p.expectEnd("")
	})
}
