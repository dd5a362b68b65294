package fallback

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// brokenListener fails a number of times, then blocks.
type brokenListener struct {
	failures atomic.Int32
	accepts  chan time.Time
	closed   chan struct{}
}

func (ln *brokenListener) Accept() (net.Conn, error) {
	ln.accepts <- time.Now()
	if ln.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.ENFILE}
	}
	<-ln.closed
	return nil, net.ErrClosed
}

func (ln *brokenListener) Close() error   { close(ln.closed); return nil }
func (ln *brokenListener) Addr() net.Addr { return &net.TCPAddr{} }

// TestAcceptBackoff: a failing accept is reported each time and tried again after 5, 10,
// 20 … ms; Stop does not wait for it.
func TestAcceptBackoff(t *testing.T) {
	ln := &brokenListener{accepts: make(chan time.Time, 100), closed: make(chan struct{})}
	ln.failures.Store(4)
	l := newLoop(t, Config{})
	if err := l.Listen(ln); err != nil {
		t.Fatal(err)
	}
	q := &quiet{failed: make(chan error, 100)}
	run(t, l, q)
	last := <-ln.accepts
	for i := range 4 {
		if err := <-q.failed; !errors.Is(err, syscall.ENFILE) {
			t.Errorf("AcceptFailed(%v), want ENFILE", err)
		}
		now := <-ln.accepts
		if wait, want := now.Sub(last), minBackoff<<i; wait < want {
			t.Errorf("try %d came after %v, want %v at least", i+1, wait, want)
		}
		last = now
	}
	if q.turns.Load() == 0 {
		t.Error("no Turn after AcceptFailed")
	}
}

func TestAcceptSleepEnds(t *testing.T) {
	a := &acceptor{done: make(chan struct{})}
	close(a.done)
	began := time.Now()
	a.sleep(time.Hour)
	if time.Since(began) > time.Minute {
		t.Error("close did not end the backoff")
	}
}

func TestListenRefused(t *testing.T) {
	l := newLoop(t, Config{})
	if err := l.Listen(nil); err == nil {
		t.Error("a nil listener was taken")
	}
	l.StopAccept()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := l.Listen(ln); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Listen after StopAccept: %v", err)
	}
}
