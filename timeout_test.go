package ringwire

import (
	"strings"
	"testing"
	"time"
)

// slack is how late an event may be on a machine that is busy with other tests.
const slack = 10 * time.Second

// expectAfter checks that f, which waits for something, takes at least d and not much more.
func expectAfter(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took < d-50*time.Millisecond || took > d+slack {
		t.Errorf("%s after %v, want %v", what, took, d)
	}
}

func TestHeadTimeout(t *testing.T) {
	t.Parallel()
	const limit = 300 * time.Millisecond
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.ReadHeaderTimeout, s.IdleTimeout = limit, time.Minute })
		slow, second := s.dial(), s.dial()
		second.get("/")
		expectAfter(t, limit, "the silent connection ended", func() {
			silent := s.dial()
			slow.send("GET / HTTP/1.1\r\n")
			second.send("GET")
			for range 5 { // bytes that come do not put the limit off
				time.Sleep(limit / 6)
				slow.send("a: b\r\n")
			}
			silent.expectEnd("it asked for nothing: there is nothing to answer")
		})
		for _, p := range []*peer{slow, second} {
			if a := p.response("GET"); a.StatusCode != 408 || !a.Close {
				t.Errorf("got %d, close=%v, want 408 and a close (RFC 9110 §15.5.9)", a.StatusCode, a.Close)
			}
			p.expectGone("the head took too long")
		}
		s.eventually("nothing is left", func(svc *service) bool { return svc.live() == 0 && svc.loop.Stats().Open == 0 })
	})
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	const limit = time.Second
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/slow" {
				Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) { time.Sleep(2 * limit); hello(w, r) })).ServeHTTP(w, r)
				return
			}
			hello(w, r)
		}, func(s *Server) { s.IdleTimeout = limit })
		p := s.dial()
		for range 12 { // each request begins the time anew
			p.get("/")
			time.Sleep(limit / 8)
		}
		expectAfter(t, 3*limit, "the idle connection ended", func() {
			p.send(get("/slow"))
			p.expect("GET", 200, "hello /slow", "a handler at work is not idle")
			p.expectEnd("nothing was asked for")
		})
	})
}

// A peer that takes none of its response is cut, and what was held for it is freed.
func TestWriteTimeout(t *testing.T) {
	t.Parallel()
	const limit = 400 * time.Millisecond
	eachDriver(t, func(t *testing.T, driver string) {
		errs := make(chan error, 1)
		body := pattern(1 << 20)
		s := start(t, driver, routes(map[string]HandlerFunc{
			"whole": func(w *ResponseWriter, r *Request) {
				for range 24 {
					_, _ = w.WriteString(body)
				}
				if w.ex.worker == nil {
					errs <- nil
				}
			},
			"write": func(w *ResponseWriter, r *Request) {
				for range 24 {
					if _, err := w.WriteString(body); err != nil {
						errs <- err
						return
					}
				}
			},
		}), func(s *Server) { s.WriteTimeout = limit })
		for _, path := range []string{"/whole", "/b/write"} {
			var before uint64
			s.onLoop(func(svc *service) { before = svc.loop.Stats().WriteTimeouts })
			p := s.dial()
			p.send(get(path))
			began := time.Now()
			s.eventually("the connection is cut", func(svc *service) bool {
				st := svc.loop.Stats()
				return st.Open == 0 && st.WriteTimeouts > before && svc.live() == 0 && svc.alloc.Stats().Leased == 0
			})
			if d := time.Since(began); d < limit-50*time.Millisecond || d > limit+slack {
				t.Errorf("%s: cut after %v, want %v", path, d, limit)
			}
			if err := <-errs; strings.HasPrefix(path, "/b") && err != ErrConnClosed {
				t.Errorf("%s: the handler's Write returned %v, want ErrConnClosed", path, err)
			}
			_ = p.Close()
			s.eventually("the job is freed", func(svc *service) bool { return s.shared.Stats().Leased == 0 })
		}
	})
}

// A slow reader is not a stalled one: as long as it takes something it is served.
func TestSlowReaderIsServed(t *testing.T) {
	t.Parallel()
	const limit = 1500 * time.Millisecond
	eachDriver(t, func(t *testing.T, driver string) {
		body := pattern(8 << 20)
		s := start(t, driver, func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(body) },
			func(s *Server) { s.WriteTimeout = limit })
		p := s.dial()
		p.send(get("/"))
		got := 0
		buf := make([]byte, 1<<20)
		for got < len(body) {
			_ = p.SetReadDeadline(time.Now().Add(patience))
			n, err := p.r.Read(buf)
			if got += n; err != nil {
				t.Fatalf("cut after %d of %d bytes: %v", got, len(body), err)
			}
			if got%(1<<20) < n {
				time.Sleep(limit / 5)
			}
		}
	})
}

// Negative is no limit.
func TestNoTimeouts(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) {
			s.ReadHeaderTimeout, s.IdleTimeout, s.WriteTimeout, s.BodyMinRate = -1, -1, -1, -1
			s.MaxBody, s.BodyBuffer, s.Workers, s.WorkQueue, s.MaxConns = -1, -1, -1, -1, -1
			s.MaxRequestLine, s.MaxHeaderBytes, s.MaxHeaders = -1, -1, -1
		})
		p := s.dial()
		time.Sleep(20 * time.Millisecond)
		p.sendSplit("GET /", "a HTTP/1.1\r\nHost: t\r\n\r\n")
		p.expect("GET", 200, "hello /a", "")
		p.send("GET /" + strings.Repeat("a", 50_000) + " HTTP/1.1\r\nHost: t\r\n\r\n")
		if a := p.response("GET"); a.StatusCode != 200 {
			t.Errorf("a head below what can be parsed in one piece got %d without limits", a.StatusCode)
		}
		p.send("GET /" + strings.Repeat("a", maxHead) + " HTTP/1.1\r\nHost: t\r\n\r\n")
		if a := p.response("GET"); a.StatusCode != 414 && a.StatusCode != 431 {
			t.Errorf("a head beyond it got %d", a.StatusCode)
		}
	})
}
