package fallback

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// quiet is an application that does nothing but count.
type quiet struct {
	turns  atomic.Int64
	failed chan error
}

func (q *quiet) Opened(uint32)           {}
func (q *quiet) Received(uint32, []byte) {}
func (q *quiet) Ended(uint32, error)     {}
func (q *quiet) Sent(uint32, int, error) {}
func (q *quiet) Closed(uint32)           {}
func (q *quiet) AcceptFailed(err error) {
	if q.failed != nil {
		q.failed <- err
	}
}
func (q *quiet) Turn(int64) int64 { q.turns.Add(1); return 0 }

// run runs l until the end of the test.
func run(t testing.TB, l *Loop, ev Events) {
	done := make(chan error, 1)
	go func() { done <- l.Run(ev) }()
	t.Cleanup(func() {
		l.Stop()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("Run did not return after Stop")
		}
	})
}

func newLoop(t testing.TB, cfg Config) *Loop {
	t.Helper()
	l, err := NewLoop(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type funcTask func()

func (f funcTask) RunTask() { f() }

// TestPostUnderCallersLock: Post runs nothing on the poster's goroutine, which may hold a lock
// that the task wants.
func TestPostUnderCallersLock(t *testing.T) {
	l := newLoop(t, Config{})
	run(t, l, &quiet{})
	var mu sync.Mutex
	ran := make(chan struct{})
	mu.Lock()
	l.Post(funcTask(func() {
		mu.Lock()
		defer mu.Unlock()
		close(ran)
	}))
	mu.Unlock()
	select {
	case <-ran:
	case <-time.After(10 * time.Second):
		t.Fatal("the task did not run")
	}
}

// TestPostWakesOnce: posting to a loop that is busy wakes nobody; none is lost.
func TestPostNoneLost(t *testing.T) {
	l := newLoop(t, Config{})
	run(t, l, &quiet{})
	for round := range 2000 {
		ran := make(chan struct{})
		l.Post(funcTask(func() { close(ran) }))
		select {
		case <-ran:
		case <-time.After(10 * time.Second):
			t.Fatalf("task %d did not run", round)
		}
	}
}

// TestSettleSeesNews: what is queued while the mutex is held by somebody who has
// finished looking is still served.
func TestSettleSeesNews(t *testing.T) {
	l := newLoop(t, Config{})
	run(t, l, &quiet{})
	ran := make(chan struct{})
	l.enter()
	l.Post(funcTask(func() { close(ran) })) // TryLock fails: nobody is woken
	l.leave()
	select {
	case <-ran: // by leave itself, or by the host that leave told
	case <-time.After(5 * time.Second):
		t.Error("the task that was posted under the mutex was forgotten")
	}
}

func TestEarlier(t *testing.T) {
	for _, c := range [][3]int64{{0, 0, 0}, {0, 5, 5}, {5, 0, 5}, {3, 5, 3}, {5, 3, 3}} {
		if got := earlier(c[0], c[1]); got != c[2] {
			t.Errorf("earlier(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func BenchmarkPost(b *testing.B) {
	l := newLoop(b, Config{})
	run(b, l, &quiet{})
	task := funcTask(func() {})
	b.ReportAllocs()
	for b.Loop() {
		l.Post(task)
	}
}

func BenchmarkEcho(b *testing.B) {
	_, addr := serve(b, Config{})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	p := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(p); err != nil {
			b.Fatal(err)
		}
		for n := 0; n < len(p); {
			k, err := c.Read(p[n:])
			if err != nil {
				b.Fatal(err)
			}
			n += k
		}
	}
}
