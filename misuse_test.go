package ringwire

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
)

// What handlers do that they should not, or seldom do, harms their own request at most:
// not the loop, not other requests, and every request is answered or cut.

// HEAD has no body to congest the connection: a Stream without an end must not run for ever.
func TestStreamWithoutBody(t *testing.T) {
	t.Parallel()
	endless := func(status int) HandlerFunc {
		return func(w *ResponseWriter, r *Request) {
			w.WriteHeader(status)
			w.Stream(func(w *ResponseWriter) error { _, err := w.WriteString(patternBlock[:1000]); return err })
		}
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"200": endless(200), "204": endless(204), "ok": hello}))
		for _, tc := range []struct{ method, path string }{{"HEAD", "/200"}, {"GET", "/204"}, {"HEAD", "/b/200"}, {"GET", "/b/204"}} {
			p := s.dial()
			p.send(tc.method + " " + tc.path + " HTTP/1.1\r\nHost: t\r\n\r\n")
			p.expect(tc.method, map[bool]int{true: 204, false: 200}[strings.HasSuffix(tc.path, "204")], "", "no body follows, so none is waited for")
			p.send(get("/ok"))
			p.expect("GET", 200, "hello /ok", "the connection goes on")
		}
	})
}

// Flush sends the head of a response without a body, too.
func TestFlushWithoutBody(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			_ = w.Flush()
			<-gate
		})).ServeHTTP)
		t.Cleanup(sync.OnceFunc(func() { close(gate) }))
		p := s.dial()
		p.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n")
		p.expectRaw("HTTP/1.1 200 OK\r\nDate: …\r\n"+textType+"\r\n", "the handler has flushed and goes on")
	})
}

// The length of a body that the status forbids is of no consequence.
func TestLengthWithoutBody(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"x": func(w *ResponseWriter, r *Request) {
			w.SetContentLength(1234)
			status, _ := r.QueryInt("s")
			w.WriteHeader(int(status))
			if r.Query("flush") != "" {
				_ = w.Flush()
			}
		}}))
		p := s.dial()
		for _, path := range []string{"/x", "/b/x"} {
			for _, query := range []string{"?s=204", "?s=205", "?s=304", "?s=204&flush=1", "?s=304&flush=1"} {
				if a := p.get(path + query); itoa(a.StatusCode) != query[3:6] || a.body != "" {
					t.Errorf("%s%s: got %d %q", path, query, a.StatusCode, a.body)
				}
			}
		}
	})
}

// What is set after the head has gone has no effect, as promised.
func TestSetAfterFlush(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"x": func(w *ResponseWriter, r *Request) {
			w.WriteHeader(201)
			_, _ = w.WriteString("ab")
			_ = w.Flush()
			w.WriteHeader(404)
			w.SetContentLength(1)
			if _, err := fmt.Fprint(w, "cd", w.Status()); err != nil {
				t.Errorf("Write after a late SetContentLength: %v", err)
			}
		}}))
		for _, path := range []string{"/x", "/b/x"} {
			p := s.dial()
			p.send(get(path))
			p.expect("GET", 201, "abcd201", "the head had gone")
		}
	})
}

// Reset takes back everything: what Stream and Upgrade announced, too.
func TestResetTakesBackAll(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			w.Stream(func(w *ResponseWriter) error { _, _ = w.WriteString("streamed"); return io.EOF })
			if err := w.Upgrade("echo", &rawEcho{make(chan string, 10)}); err != nil {
				t.Error(err)
			}
			Error(w, "no", StatusForbidden)
		})
		p := s.dial()
		for range 2 {
			p.send(upgradeRequest)
			p.expect("GET", 403, "no\n", "Error answers instead")
		}
	})
}

// A response that began cannot become a switch of protocols, nor the other way round.
func TestUpgradeAndFlush(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		e := &rawEcho{make(chan string, 10)}
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if err := w.Upgrade("echo", e); err != nil {
				t.Error(err)
			}
			_, _ = w.WriteString("nobody reads this")
			if err := w.Flush(); err != ErrUpgrade {
				t.Errorf("Flush after Upgrade returned %v, want ErrUpgrade", err)
			}
			if r.Path() == "/b" {
				Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) { _ = w.Flush() })).ServeHTTP(w, r)
			}
		})
		p := s.dial()
		p.send(upgradeRequest)
		p.expectRaw(switching, "the response is the switch")
		p.send("late")
		p.expectRaw("late", "the connection goes on as an echo")
		p = s.dial()
		p.send(strings.Replace(upgradeRequest, "GET /", "GET /b", 1))
		if a := p.response("GET"); a.StatusCode != 500 {
			t.Errorf("Upgrade and then Blocking: got %d, want 500: the two exclude each other", a.StatusCode)
		}
	})
}

// A panic in what a connection was upgraded to ends that connection.
func TestUpgradePanics(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		e := &panicky{rawEcho{make(chan string, 10)}}
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if w.Upgrade("echo", e) != nil {
				hello(w, r)
			}
		})
		p, other := s.dial(), s.dial()
		p.send(upgradeRequest)
		p.expectRaw(switching, "")
		p.send("boom")
		p.expectGone("its handler panicked")
		e.expect(t, "close", "the last call comes all the same")
		other.get("/others go on")
		if text := s.log.String(); !strings.Contains(text, "of an upgrade") {
			t.Errorf("the panic was not logged: %q", text)
		}
	})
}

type panicky struct{ rawEcho }

func (*panicky) OnData(*conn.Conn, []byte) int { panic("of an upgrade") }

// A wrapper goes on after Blocking has taken the request over: it must not wait for the
// worker, which starts only when it returns.
func TestAfterBlocking(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/ok" {
				hello(w, r)
				return
			}
			Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
				n, err := io.Copy(io.Discard, r.Body)
				fmt.Fprint(w, n, err)
			})).ServeHTTP(w, r)
			_, _ = w.WriteString(strings.Repeat("x", 2*flushAt))
			_ = w.Flush()
			if _, err := r.Body.Read(make([]byte, 10)); err != ErrBodyStreaming {
				t.Errorf("Read on the loop: %v, want ErrBodyStreaming", err)
			}
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 })
		p := s.dial()
		raw := post("/", "abc")
		p.send(raw[:len(raw)-3])
		s.eventually("the request is in progress", func(svc *service) bool { return svc.live() == 1 })
		other := s.dial()
		other.get("/ok")
		p.send("abc")
		p.expect("POST", 200, strings.Repeat("x", 2*flushAt)+"3 <nil>", "what the wrapper wrote comes first")
	})
}

// The second of two Blocking handlers must not run on the loop.
func TestBlockingTwice(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/ok" {
				close(gate)
				return
			}
			for range 2 {
				Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) { <-gate; hello(w, r) })).ServeHTTP(w, r)
			}
		})
		p := s.dial()
		p.send(get("/x"))
		s.dial().get("/ok")
		p.expect("GET", 200, "hello /xhello /x", "they run one after the other")
	})
}

// Blocking is for handlers. From a callback it is a mistake that is told, not a request
// that nobody answers; the last call of Body.Stream may hand over.
func TestBlockingInCallback(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		h := Blocking(HandlerFunc(hello))
		s := start(t, driver, routes(map[string]HandlerFunc{
			"first": func(w *ResponseWriter, r *Request) { r.Body.Stream(func(_ []byte, err error) { h.ServeHTTP(w, r) }) },
			"last": func(w *ResponseWriter, r *Request) {
				r.Body.Stream(func(_ []byte, err error) {
					if err == io.EOF {
						h.ServeHTTP(w, r)
					}
				})
			},
			"behind": func(w *ResponseWriter, r *Request) { r.Body.Stream(func([]byte, error) {}); h.ServeHTTP(w, r) },
			"producer": func(w *ResponseWriter, r *Request) {
				w.Stream(func(w *ResponseWriter) error { h.ServeHTTP(w, r); return nil })
			},
		}), func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 })
		for path, status := range map[string]int{"/first": 500, "/last": 200, "/behind": 500, "/producer": 500} {
			for how, send := range map[string]func(p *peer, parts ...string){
				"in parts": (*peer).sendSplit,
				"at once":  func(p *peer, parts ...string) { p.send(strings.Join(parts, "")) },
			} {
				p := s.dial()
				send(p, postChunked(path)+chunk("abc"), chunk("def"), "0\r\n\r\n")
				if a := p.response("POST"); a.StatusCode != status {
					t.Errorf("%s %s: got %d %q, want %d", path, how, a.StatusCode, a.body, status)
				}
				_ = p.Close()
			}
		}
		s.eventually("nothing is left", func(svc *service) bool { return svc.live() == 0 })
	})
}

// runtime.Goexit, as by testing.T.FailNow, ends a worker. The request is answered, and the
// pool stays as large as it was.
func TestGoexitOnWorker(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			if r.Path() == "/exit" {
				_, _ = w.WriteString("half")
				runtime.Goexit()
			}
			hello(w, r)
		})).ServeHTTP, func(s *Server) { s.Workers = 1 })
		var peers []*peer
		for range 5 {
			p := s.dial()
			p.send(get("/exit"))
			peers = append(peers, p)
		}
		for _, p := range peers {
			if a := p.response("GET"); a.StatusCode != 500 {
				t.Errorf("got %d, want 500", a.StatusCode)
			}
		}
		if a := s.dial().get("/ok"); a.body != "hello /ok" {
			t.Errorf("afterwards got %q", a.body)
		}
		if !strings.Contains(s.log.String(), "Goexit") {
			t.Error("the log does not name the cause")
		}
	})
}

// On a loop Goexit would leave all its connections hanging for ever, without a word: the process
// ends instead, and says why. It runs in a child process.
func TestGoexitOnLoop(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(exe, "-test.run=^TestGoexitOnLoopChild$", "-test.timeout=60s")
		child.Env = append(os.Environ(), "RINGWIRE_TEST_CHILD="+driver)
		out, err := child.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "runtime.Goexit") || strings.Contains(string(out), "timed out") {
			t.Errorf("%v\n%.2000s", err, out)
		}
	})
}

func TestGoexitOnLoopChild(t *testing.T) {
	driver := os.Getenv("RINGWIRE_TEST_CHILD")
	if driver == "" {
		t.Skip("runs as the child of TestGoexitOnLoop")
	}
	s := start(t, driver, func(w *ResponseWriter, r *Request) { runtime.Goexit() })
	p := s.dial()
	p.send(get("/"))
	p.expectGone("the loop's goroutine is gone")
}

// A request whose client has gone before a worker was free is not worked on.
func TestGoneBeforeWorker(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		open := sync.OnceFunc(func() { close(gate) })
		var calls atomic.Int32
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			calls.Add(1)
			<-gate
		})).ServeHTTP, func(s *Server) { s.Workers, s.WorkQueue = 1, 10 })
		t.Cleanup(open)
		busy := s.dial()
		busy.send(get("/"))
		s.eventually("the worker is busy", func(svc *service) bool { return calls.Load() == 1 })
		p := s.dial()
		p.send(get("/"))
		s.eventually("it waits for a worker", func(svc *service) bool { return svc.live() == 2 })
		p.reset()
		s.eventually("it is gone", func(svc *service) bool { return svc.loop.Stats().Open == 1 })
		open()
		busy.expect("GET", 200, "", "")
		s.eventually("all are freed", func(svc *service) bool { return svc.live() == 0 })
		if n := calls.Load(); n != 1 {
			t.Errorf("%d handlers ran, want the one whose client is there", n)
		}
	})
}

// Values of a form are found before and after the body was read, or not at all; never in
// memory that carries something else by then.
func TestFormAfterRead(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"x": func(w *ResponseWriter, r *Request) {
			a := r.Form("a")
			body, _ := io.ReadAll(r.Body)
			b, ok := r.FormView("b")
			fmt.Fprint(w, len(a), " ", len(body), " ", string(b), ok)
		}}))
		body := "a=" + pattern(100_000) + "&b=" + pattern(100_000)
		for _, path := range []string{"/x", "/b/x"} {
			p := s.dial()
			p.sendSplit(post(path, body[:50_000], "Content-Type: application/x-www-form-urlencoded"))
			p.expect("POST", 200, "49998 50000 false", "the body has been read")
			p.send(post(path, body, "Content-Type: application/x-www-form-urlencoded"))
			p.expect("POST", 200, "100000 200005 false", "the same of a body in pieces")
		}
	})
}

// A client that waits for 100 (Continue) is not slow: nobody has asked it for the body.
func TestExpectIsNotSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("the first judgement falls after 5 s")
	}
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		t.Parallel()
		gate := make(chan struct{})
		open := sync.OnceFunc(func() { close(gate) })
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			<-gate
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, err)
		})).ServeHTTP, func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 })
		t.Cleanup(open)
		p := s.dial()
		raw := post("/", "abc", "Expect: 100-continue")
		p.send(raw[:len(raw)-3])
		time.Sleep(2*bodyGrace - 500*time.Millisecond)
		open()
		p.expectRaw("HTTP/1.1 100 Continue\r\n\r\n", "the handler reads now")
		time.Sleep(time.Second) // beyond the end of a window that began with the head
		p.send("abc")
		p.expect("POST", 200, "3 <nil>", "it came when it was asked for")
	})
}
