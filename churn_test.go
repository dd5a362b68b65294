package ringwire

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/leak"
)

// churn is how many connections the churn tests make: RINGWIRE_TEST_CHURN, else few
// enough for every day.
func churn(t testing.TB) int {
	if text := os.Getenv("RINGWIRE_TEST_CHURN"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("RINGWIRE_TEST_CHURN=%q is no number", text)
		}
		return n
	}
	if testing.Short() || raceEnabled {
		return 1000
	}
	return 3000
}

// Clients come, do something and vanish in every way, in the middle of everything. What
// they leave behind is nothing: no descriptor, no lease, no goroutine, no slot, no exchange.
// The server's end is audited by start; this looks while it still serves.
func TestChurn(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		leak.Check(t)
		big := pattern(300_000)
		s := start(t, driver, routes(map[string]HandlerFunc{
			"now":   hello,
			"big":   func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(big) },
			"flush": func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(big); _ = w.Flush(); hello(w, r) },
			"read":  func(w *ResponseWriter, r *Request) { _, _ = io.Copy(io.Discard, r.Body); hello(w, r) },
			"sink":  func(w *ResponseWriter, r *Request) { r.Body.Stream(func(p []byte, err error) { _, _ = w.Write(p) }) },
			"stream": func(w *ResponseWriter, r *Request) {
				w.Stream(func(w *ResponseWriter) error { _, err := w.WriteString(big); return err })
			},
			"panics": func(w *ResponseWriter, r *Request) { panic(ErrAbortHandler) },
		}), func(s *Server) { s.Loops, s.BodyBuffer, s.MaxBody = 2, 2000, 1_000_000 }, plain)
		for i := range s.services {
			expectNothingLeft(t, s, i) // they run now: what they need for it is there
		}
		before := leak.Now()
		before.Goroutines += 64 * runtime.GOMAXPROCS(0) // idle workers stay for a while
		var left atomic.Int64
		left.Store(int64(churn(t)))
		clients := 16
		if left.Load() > 10_000 {
			clients = 64
		}
		var wg sync.WaitGroup
		for client := range clients {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(2, uint64(client)))
				for left.Add(-1) >= 0 {
					vanish(t, s, rnd)
				}
			})
		}
		wg.Wait()
		for i := range s.services {
			expectNothingLeft(t, s, i)
		}
		if report := leak.Wait(before, 5*time.Second); report != "" {
			t.Error(report)
		}
		s.dial().get("/now")
	})
}

// vanish makes one connection, does something on it, and ends it somehow.
func vanish(t *testing.T, s *testServer, rnd *rand.Rand) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Error(err)
		return
	}
	var raw string
	for range rnd.IntN(4) {
		path := []string{"/", "/b/"}[rnd.IntN(2)] + []string{"now", "big", "flush", "read", "sink", "stream", "panics"}[rnd.IntN(7)]
		switch rnd.IntN(4) {
		case 0:
			raw += post(path, patternBlock[:rnd.IntN(20_000)])
		case 1:
			raw += postChunked(path) + chunk(patternBlock[:1+rnd.IntN(9000)]) + "0\r\n\r\n"
		default:
			raw += get(path)
		}
	}
	if raw != "" && rnd.IntN(2) == 0 {
		raw = raw[:rnd.IntN(len(raw))]
	}
	_ = c.SetDeadline(time.Now().Add(100 * time.Millisecond)) // who only writes may have to wait for ever
	_, _ = io.WriteString(c, raw)
	switch rnd.IntN(4) {
	case 0:
		_, _ = c.Read(make([]byte, 1+rnd.IntN(50_000)))
	case 1:
		time.Sleep(time.Duration(rnd.IntN(2000)) * time.Microsecond)
	}
	if rnd.IntN(2) == 0 {
		_ = c.(*net.TCPConn).SetLinger(0)
	}
	_ = c.Close()
}

// expectNothingLeft waits until loop i serves nobody and has everything home, as long as that moves: who vanished may have
// left much to be done.
func expectNothingLeft(t *testing.T, s *testServer, i int) {
	t.Helper()
	type counts struct {
		open, live, leases, workers int
		bytes                       uint64
	}
	var now, last counts
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		done := make(chan struct{})
		svc := s.services[i]
		svc.loop.Post(taskFunc(func() {
			st := svc.loop.Stats()
			now = counts{open: st.Open, live: svc.live(), leases: svc.alloc.Stats().Leased, bytes: st.ReceivedBytes + st.SentBytes}
			close(done)
		}))
		<-done
		if now.workers = s.shared.Stats().Leased; now == (counts{bytes: now.bytes}) {
			return
		}
		if now != last {
			last, end = now, time.Now().Add(10*time.Second)
		}
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("all clients are gone, and loop %d has %d connections, %d exchanges, %d leases, and workers %d leases\n%s",
		i, now.open, now.live, now.leases, now.workers, stacks[:runtime.Stack(stacks, true)])
}

// The same for connections that are opened and closed in the ordinary way, many times over.
func TestReconnect(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		leak.Check(t)
		s := start(t, driver, hello, plain)
		expectNothingLeft(t, s, 0) // it runs now: what it needs for that is there
		before := leak.Now()
		for range churn(t) / 4 {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, get("/", "Connection: close"))
			if _, err := io.Copy(io.Discard, c); err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		}
		expectNothingLeft(t, s, 0)
		if report := leak.Wait(before, 5*time.Second); report != "" {
			t.Error(report)
		}
		s.onLoop(func(svc *service) {
			if st := svc.alloc.Stats(); st.Mapped > 4<<20 && !raceEnabled {
				t.Errorf("%d bytes stay mapped for one connection at a time", st.Mapped)
			}
		})
	})
}
