package ringwire

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/flight"
)

// stuckCase is a way to hang a loop.
type stuckCase struct {
	name    string
	prepare func(s *Server, hang func())
	request string // sent to begin with
	more    string // sent when a head has been answered,
	mute    bool   // or without
	handler string // what the report calls it
}

//go:noinline
func hangingHandler(hang func()) { hang() }

var stuckCases = []stuckCase{
	{name: "handler", request: get("/"), handler: "handler github.com/ringwire/ringwire.init.func", prepare: func(s *Server, hang func()) {
		s.Handler = HandlerFunc(func(w *ResponseWriter, r *Request) { hangingHandler(hang) })
	}},
	{name: "handler that is no function", request: get("/"), handler: "handler ringwire.stuckType", prepare: func(s *Server, hang func()) {
		s.Handler = stuckType{hang}
	}},
	{name: "tick", handler: "tick github.com/ringwire/ringwire.init.func", prepare: func(s *Server, hang func()) {
		s.Every(time.Millisecond, func(*Tick) { hangingHandler(hang) })
	}},
	{name: "Stream", request: get("/"), handler: "ResponseWriter.Stream callback of", prepare: func(s *Server, hang func()) {
		s.Handler = HandlerFunc(func(w *ResponseWriter, r *Request) {
			w.Stream(func(*ResponseWriter) error { hangingHandler(hang); return io.EOF })
		})
	}},
	{name: "Body.Stream", request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n", mute: true, more: "some body", handler: "Body.Stream callback of", prepare: func(s *Server, hang func()) {
		s.BodyBuffer, s.MaxBody = 4, 100
		s.Handler = HandlerFunc(func(w *ResponseWriter, r *Request) {
			r.Body.Stream(func([]byte, error) { hangingHandler(hang) })
		})
	}},
	{name: "OnOpen", request: wsUpgrade, handler: "OnOpen github.com/ringwire/ringwire.init.func", prepare: func(s *Server, hang func()) {
		s.Handler = toWebSocket(&WebSocketConfig{OnOpen: func(*WebSocket) { hangingHandler(hang) }})
	}},
	{name: "OnMessage", request: wsUpgrade, more: "\x81\x81\x00\x00\x00\x00x", handler: "OnMessage github.com/ringwire/ringwire.init.func",
		prepare: func(s *Server, hang func()) {
			s.Handler = toWebSocket(&WebSocketConfig{OnMessage: func(*WebSocket, Message) { hangingHandler(hang) }})
		}},
	{name: "Post", request: wsUpgrade, handler: "function given to WebSocket.Post", prepare: func(s *Server, hang func()) {
		s.Handler = toWebSocket(&WebSocketConfig{OnOpen: func(ws *WebSocket) { ws.Post(func(*WebSocket) { hangingHandler(hang) }) }})
	}},
	{name: "upgraded", request: "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\n", more: "x",
		handler: "upgraded connection of ringwire.stuckProtocol", prepare: func(s *Server, hang func()) {
			s.Handler = HandlerFunc(func(w *ResponseWriter, r *Request) { _ = w.Upgrade("own", stuckProtocol{hang: hang}) })
		}},
}

const wsUpgrade = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func toWebSocket(cfg *WebSocketConfig) Handler {
	return HandlerFunc(func(w *ResponseWriter, r *Request) { _, _ = Upgrade(w, r, cfg) })
}

type stuckType struct{ hang func() }

func (h stuckType) ServeHTTP(*ResponseWriter, *Request) { hangingHandler(h.hang) }

// stuckProtocol is what a connection is upgraded to.
type stuckProtocol struct {
	conn.Handler
	hang func()
}

func (h stuckProtocol) OnData(_ *conn.Conn, p []byte) int { hangingHandler(h.hang); return len(p) }
func (stuckProtocol) OnClose(*conn.Conn, error)           {}
func (stuckProtocol) OnEnd(c *conn.Conn, _ error)         { c.Close() }

// A loop that hangs is told of once, with what hangs by name, where, and what was done before; it is
// told in Stats and Flight; and when it goes on that is told, too.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	for _, tc := range stuckCases {
		t.Run(tc.name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				t.Parallel()
				gate := make(chan struct{})
				open := sync.OnceFunc(func() { close(gate) })
				s := start(t, driver, hello, plain, func(s *Server) {
					s.StuckAfter = 250 * time.Millisecond // a busy machine keeps loops for less
					tc.prepare(s, func() { <-gate })
				})
				t.Cleanup(open)
				p := s.dial()
				_, _ = io.WriteString(p.Conn, tc.request)
				if tc.more != "" {
					if !tc.mute {
						readHead(t, p)
					}
					_, _ = io.WriteString(p.Conn, tc.more)
				}
				s.waitWarnings(1)
				time.Sleep(4 * s.StuckAfter) // in which it is not said again
				s.expectWarnings(1, "it hangs", "a loop is stuck", "loop=0", tc.handler, "hangingHandler", "watchdog_test.go:", "for=", "Blocking", "flight=")
				l := s.Flight().Loops[0]
				if !l.Stuck || l.State != LoopInHandler || !strings.Contains(l.Handler, tc.handler) || l.For < s.StuckAfter {
					t.Errorf("%s", &l)
				}
				var text strings.Builder
				_ = s.WriteFlight(&text)
				for _, want := range []string{", STUCK; the last ", tc.handler, "ringwire.hangingHandler\n\t"} {
					if !strings.Contains(text.String(), want) {
						t.Errorf("%q is not in\n%s", want, text.String())
					}
				}
				open()
				s.waitLog("a loop goes on")
				if n := s.Stats().Stuck; n != 1 {
					t.Errorf("Stats counts %d times, want 1", n)
				}
			})
		})
	}
}

func readHead(t *testing.T, p *peer) {
	t.Helper()
	var got []byte
	for buf := make([]byte, 1); !strings.HasSuffix(string(got), "\r\n\r\n"); got = append(got, buf...) {
		if _, err := io.ReadFull(p.Conn, buf); err != nil {
			t.Fatalf("%v, after %q", err, got)
		}
	}
}

// waitWarnings waits until there are so many.
func (s *testServer) waitWarnings(n int) {
	s.t.Helper()
	for end := time.Now().Add(patience); len(s.warnings()) < n; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%d warnings, want %d:\n%s", len(s.warnings()), n, s.log)
		}
	}
}

// await waits until a loop does that.
func (s *testServer) await(loop int, state flight.State) {
	s.t.Helper()
	for end := time.Now().Add(patience); s.services[loop].loop.State() != state; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("loop %d does not come to state %d", loop, state)
		}
	}
}

// waitLog waits until something has been logged.
func (s *testServer) waitLog(text string) {
	s.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(s.log.String(), text); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%q is not logged:\n%s", text, s.log)
		}
	}
}

// Each episode is told; a handler that is only slow, or called again and again, is not one, nor a loop
// that sleeps, nor one that a watchdog which did not run itself finds unchanged.
func TestWatchdogEpisodes(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gates := make(chan chan struct{}, 1)
		s := start(t, driver, func(w *ResponseWriter, r *Request) { <-<-gates }, plain, unwatched)
		dog := newWatchdog(s.Server)
		p := s.dial()
		await := func(state flight.State) { s.await(0, state) }
		request := func(looks int) {
			t.Helper()
			gate := make(chan struct{})
			gates <- gate
			p.send(get("/"))
			await(flight.InHandler)
			for range looks {
				dog.look()
			}
			close(gate)
			p.expect("GET", 200, "", "it goes on")
			await(flight.Asleep)
		}
		for range 3 * patienceLooks {
			request(1)
		}
		request(patienceLooks)
		s.expectWarnings(0, "nothing was seen often enough")
		for range 3 * patienceLooks {
			dog.look()
		}
		s.expectWarnings(0, "it sleeps")
		for n := range 3 {
			request(3 * patienceLooks)
			dog.look()
			s.expectWarnings(n+1, "it hung", "a loop is stuck")
		}
		if n := strings.Count(s.log.String(), "a loop goes on"); n != 3 || s.stuck.Load() != 3 {
			t.Errorf("%d ends are told, of %d", n, s.stuck.Load())
		}
	})
}

// What hangs outside of a handler is told likewise: here the application's logger.
func TestWatchdogOutsideHandlers(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, plain, func(s *Server) { s.StuckAfter = 250 * time.Millisecond })
		gate, in := make(chan struct{}), make(chan struct{})
		s.services[0].loop.Post(taskFunc(func() { close(in); <-gate }))
		<-in
		s.waitWarnings(1)
		s.expectWarnings(1, "a task hangs", "handler=none", "TestWatchdogOutsideHandlers", "Logger or TLS")
		if l := s.Flight().Loops[0]; l.State != LoopAwake || !l.Stuck || l.Handler != "" {
			t.Errorf("%s", &l)
		}
		close(gate)
	})
}

// The periodic report leaves a loop to the watchdog that has told of it.
func TestWatchdogAndHealth(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		s := start(t, driver, func(w *ResponseWriter, r *Request) { <-gate }, unwatched, plain)
		open := sync.OnceFunc(func() { close(gate) })
		t.Cleanup(open)
		s.dial().send(get("/"))
		s.await(0, flight.InHandler)
		h := newHealth(s.Server)
		h.dog = newWatchdog(s.Server)
		for range 2 * patienceLooks {
			h.dog.look()
		}
		h.tick()
		h.looks[0].sent = time.Now().Add(-time.Hour)
		h.check()
		s.expectWarnings(1, "both know", "a loop is stuck")
		h.dog = nil
		h.check()
		s.expectWarnings(2, "without a watchdog it is told", "a loop does not answer", "doing=", "in a handler, handler github.com")
		open()
		h.answered(<-h.answers)
	})
}

// Shutdown says that a handler blocks; the watchdog has said which.
func TestWatchdogOff(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		s := start(t, driver, func(w *ResponseWriter, r *Request) { <-gate }, plain, func(s *Server) { s.StuckAfter = -1 })
		s.dial().send(get("/"))
		s.await(0, flight.InHandler)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := s.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "a handler blocks its loop") {
			t.Error(err)
		}
		if n := s.stuck.Load(); n != 0 || s.Flight().Loops[0].Stuck {
			t.Errorf("%d times, although nobody is to look", n)
		}
		close(gate)
	})
}

// Looking allocates nothing.
func TestWatchdogAllocs(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, unwatched, func(s *Server) { s.Loops = 3 })
		dog := newWatchdog(s.Server)
		for i := range s.Loops {
			s.await(i, flight.Asleep)
		}
		// Looks one after the other take a loop that was woken meanwhile, by a connection's end, say,
		// for a stuck one, and tell so. That is allowed to allocate.
		n, told := 1.0, uint64(1)
		for try := 0; n != 0 && told != 0 && try < 20; try++ {
			told = s.stuck.Load()
			n = testing.AllocsPerRun(100, dog.look)
			told = s.stuck.Load() - told
		}
		if n != 0 {
			t.Errorf("%v allocations a look", n)
		}
	})
}
