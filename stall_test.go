package ringwire

import (
	"io"
	"slices"
	"sync"
	"testing"
	"time"
)

// One client stalls in the middle of a head, one never reads its responses, one handler
// blocks a worker: nobody else notices, those who stall are timed out, and what is
// held for them is bounded.
func TestStallers(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		open := sync.OnceFunc(func() { close(gate) })
		big := pattern(1 << 20)
		const limit = 3 * time.Second
		s := start(t, driver, routes(map[string]HandlerFunc{
			"now":   hello,
			"block": func(w *ResponseWriter, r *Request) { <-gate; hello(w, r) },
			"big":   func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(big) },
			"endless": func(w *ResponseWriter, r *Request) {
				w.Stream(func(w *ResponseWriter) error { _, err := w.WriteString(big[:50_000]); return err })
			},
		}), func(s *Server) { s.ReadHeaderTimeout, s.WriteTimeout = limit, limit })
		t.Cleanup(open)

		quiet := latencies(t, s, 300)
		head, mute, endless, worker := s.dial(), s.dial(), s.dial(), s.dial()
		head.send("GET / HTTP/1.1\r\nHo")
		for range 20 {
			_ = mute.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			if _, err := io.WriteString(mute.Conn, get("/big")); err != nil {
				break
			}
		}
		endless.send(get("/b/endless"))
		worker.send(get("/b/block"))
		time.Sleep(50 * time.Millisecond)
		// A busy machine has outliers of its own, but not in every round.
		want := 2*p99(quiet) + 20*time.Millisecond
		began, got := time.Now(), p99(latencies(t, s, 300))
		for got > want && time.Since(began) < limit/2 {
			got = p99(latencies(t, s, 300))
		}
		if got > want {
			t.Errorf("with stallers around a request takes %v (p99), without %v", got, p99(quiet))
		}
		s.onLoop(func(svc *service) {
			if held := leased(svc.alloc) + leased(s.shared); held > 24<<20 {
				t.Errorf("%d bytes are held for four clients that stall", held)
			}
		})
		head.expect("GET", 408, "request head took too long\n", "it stalled inside a head")
		s.eventually("who does not read is cut", func(svc *service) bool { return svc.loop.Stats().WriteTimeouts == 2 })
		open()
		worker.expect("GET", 200, "hello /b/block", "a slow handler is not a slow client")
	})
}

func p99(sorted []time.Duration) time.Duration { return sorted[len(sorted)*99/100] }

// latencies are the sorted times of n requests, one after the other.
func latencies(t *testing.T, s *testServer, n int) []time.Duration {
	t.Helper()
	p := s.dial()
	defer p.Close()
	var all []time.Duration
	for range n {
		began := time.Now()
		if a := p.get("/now"); a.StatusCode != 200 {
			t.Fatalf("got %d", a.StatusCode)
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all
}

// Many uploads at once to handlers that do not read: what is held for each is bounded.
func TestManyUploads(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		open := sync.OnceFunc(func() { close(gate) })
		const n, size = 16, 4 << 20
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
				<-gate
				got, err := io.Copy(io.Discard, r.Body)
				_, _ = w.WriteString(itoa(int(got)))
				if err != nil {
					t.Error(err)
				}
			})).ServeHTTP(w, r)
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 1<<10, -1 })
		t.Cleanup(open)
		body := pattern(size)
		var wg sync.WaitGroup
		var peers []*peer
		for range n {
			p := s.dial()
			_ = p.tcp().SetWriteBuffer(64 << 10)
			peers = append(peers, p)
			wg.Go(func() { _, _ = io.WriteString(p.Conn, post("/", body)) })
		}
		time.Sleep(300 * time.Millisecond)
		s.onLoop(func(svc *service) {
			if held := leased(svc.alloc) + leased(s.shared); held > n*1<<20 {
				t.Errorf("%d bytes are held for %d uploads that nobody reads", held, n)
			}
		})
		open()
		for _, p := range peers {
			p.expect("POST", 200, itoa(size), "it went on when the handler read")
		}
		wg.Wait()
	})
}
