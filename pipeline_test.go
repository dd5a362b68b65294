package ringwire

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// Responses come in the order of the requests, whichever kind of handler answers them.
func TestPipelineOrder(t *testing.T) {
	t.Parallel()
	handlers := map[string]HandlerFunc{
		"now":   hello,
		"flush": func(w *ResponseWriter, r *Request) { _ = w.Flush(); hello(w, r) },
		"slow":  func(w *ResponseWriter, r *Request) { time.Sleep(time.Millisecond); hello(w, r) },
		"stream": func(w *ResponseWriter, r *Request) {
			rest := "hello " + r.Path()
			w.Stream(func(w *ResponseWriter) error {
				if rest == "" {
					return io.EOF
				}
				_, err := w.WriteString(rest[:1])
				rest = rest[1:]
				return err
			})
		},
	}
	kinds := []string{"/now", "/b/slow", "/flush", "/now", "/stream", "/b/flush", "/now", "/b/now", "/b/slow", "/stream"}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(handlers))
		p := s.dial()
		var raw strings.Builder
		const rounds = 30
		for i := range rounds * len(kinds) {
			if kind := kinds[i%len(kinds)]; i%3 == 0 {
				raw.WriteString(post(kind, pattern(i)))
			} else {
				raw.WriteString(get(kind))
			}
		}
		go func() { _, _ = io.WriteString(p.Conn, raw.String()) }()
		for i := range rounds * len(kinds) {
			p.expect("GET", 200, "hello "+kinds[i%len(kinds)], fmt.Sprintf("request %d is the next to be answered", i))
		}
	})
}

// What arrives in one piece is answered in one piece: one send, not one for each.
func TestPipelineCoalesces(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("ok") })
		p := s.dial()
		p.get("/")
		const n = 16
		p.send(strings.Repeat(get("/"), n))
		one := len("HTTP/1.1 200 OK\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n"+textType+"Content-Length: 2\r\n\r\nok") * n
		_ = p.SetReadDeadline(time.Now().Add(patience))
		first := make([]byte, 2*one)
		got, err := p.Conn.Read(first)
		if err != nil || got != one {
			t.Errorf("the first read brought %d bytes, %v, want all %d of %d responses", got, err, one, n)
		}
	})
}

// Who sends requests and reads no responses gets no further requests answered: neither
// side of the connection grows without bound.
func TestPipelineWithoutReading(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		calls := make(chan struct{}, 1<<20)
		body := pattern(10_000)
		s := start(t, driver, func(w *ResponseWriter, r *Request) { calls <- struct{}{}; _, _ = w.WriteString(body) })
		p := s.dial()
		const n = 3000 // 30 MB of responses
		done := make(chan error, 1)
		go func() {
			_, err := io.WriteString(p.Conn, strings.Repeat(get("/"), n))
			done <- err
		}()
		time.Sleep(300 * time.Millisecond)
		answered := len(calls)
		if answered == n {
			t.Error("all requests were answered although no response was read")
		}
		s.onLoop(func(svc *service) {
			if held := leased(svc.alloc); held > 2<<20 {
				t.Errorf("%d bytes are held for a client that does not read", held)
			}
		})
		for i := range n {
			p.expect("GET", 200, body, fmt.Sprintf("response %d, late", i))
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Requests behind a Blocking one wait in bounded memory, and are all answered.
func TestPipelineBehindWorker(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		s := start(t, driver, routes(map[string]HandlerFunc{
			"wait": func(w *ResponseWriter, r *Request) { <-gate; hello(w, r) },
			"now":  hello,
		}))
		p := s.dial()
		n := 20_000 // about 1 MB
		if testing.Short() {
			n = 4_000
		}
		go func() { _, _ = io.WriteString(p.Conn, get("/b/wait")+strings.Repeat(get("/now"), n)) }()
		time.Sleep(100 * time.Millisecond)
		s.onLoop(func(svc *service) {
			if held := leased(svc.alloc); held > 3<<20 {
				t.Errorf("%d bytes of requests are kept behind one that is being worked on", held)
			}
		})
		close(gate)
		p.expect("GET", 200, "hello /b/wait", "it came first")
		for i := range n {
			p.expect("GET", 200, "hello /now", fmt.Sprintf("request %d behind it", i))
		}
	})
}

// A client that half-closes after its requests still gets every response.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		big := pattern(3 << 20)
		s := start(t, driver, routes(map[string]HandlerFunc{
			"now":  hello,
			"slow": func(w *ResponseWriter, r *Request) { time.Sleep(20 * time.Millisecond); hello(w, r) },
			"big":  func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(big) },
			"stream": func(w *ResponseWriter, r *Request) {
				rest := big
				w.Stream(func(w *ResponseWriter) error {
					if rest == "" {
						return io.EOF
					}
					n := min(len(rest), 70_000)
					_, err := w.WriteString(rest[:n])
					rest = rest[n:]
					return err
				})
			},
		}))
		for _, paths := range [][]string{
			{"/now"}, {"/b/slow"}, {"/big"}, {"/stream"}, {"/b/stream"},
			{"/b/slow", "/now"}, {"/big", "/now"}, {"/stream", "/b/slow", "/big", "/now"}, {"/b/slow", "/b/slow", "/big"},
		} {
			p := s.dial()
			var raw string
			for _, path := range paths {
				raw += get(path)
			}
			p.send(raw)
			p.finish()
			for _, path := range paths {
				want := "hello " + path
				if strings.HasSuffix(path, "big") || strings.HasSuffix(path, "stream") {
					want = big
				}
				if a := p.response("GET"); a.body != want {
					t.Fatalf("%v: %s: got %d bytes that differ", paths, path, len(a.body))
				}
			}
			p.expectEnd("all requests were answered and no more can come")
		}
	})
}

func TestKeepAliveManyRequests(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello)
		p := s.dial()
		n := 2000
		if raceEnabled {
			n = 300
		}
		for i := range n {
			path := "/" + itoa(i)
			p.send(get(path))
			p.expect("GET", 200, "hello "+path, "the connection persists (RFC 9112 §9.3)")
		}
		s.onLoop(func(svc *service) {
			if n := svc.loop.Stats().Accepted; n != 1 {
				t.Errorf("%d connections were accepted for one client", n)
			}
			if svc.live() != 0 || svc.alloc.Stats().Leased != 0 {
				t.Errorf("an idle connection holds %d exchanges and %d leases, want none", svc.live(), svc.alloc.Stats().Leased)
			}
		})
	})
}

// An empty line between requests is passed over (RFC 9112 §2.2).
func TestEmptyLineBetweenRequests(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello)
		p := s.dial()
		p.send(post("/a", "x") + "\r\n" + get("/b"))
		p.expect("POST", 200, "hello /a", "")
		p.expect("GET", 200, "hello /b", "the CRLF in between is some clients' habit")
	})
}
