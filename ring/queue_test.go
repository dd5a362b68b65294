//go:build linux

package ring

import (
	"errors"
	"os"
	"testing"
	"time"
)

// newRing makes a ring on the test's thread, or skips where io_uring is refused.
func newRing(t testing.TB, cfg Config) *Ring {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Skipf("no io_uring here: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func TestNop(t *testing.T) {
	r := newRing(t, Config{Entries: 8})
	for round := range uint64(100) { // past the end of both queues several times
		for i := range uint64(8) {
			sqe := r.GetSQE()
			if sqe == nil {
				t.Fatalf("round %d: queue full after %d entries", round, i)
			}
			sqe.PrepareNop()
			sqe.UserData = round<<8 | i
		}
		if sqe := r.GetSQE(); sqe != nil {
			t.Fatal("got a 9th entry of 8")
		}
		if n, err := r.SubmitAndWait(8); n != 8 || err != nil {
			t.Fatalf("submit: %d, %v", n, err)
		}
		if n := r.Ready(); n != 8 {
			t.Fatalf("%d completions, want 8", n)
		}
		for i := range uint32(8) {
			if c := r.CQEAt(i); c.UserData != round<<8|uint64(i) || c.Res != 0 {
				t.Fatalf("round %d: completion %d is %+v", round, i, c)
			}
		}
		r.Advance(8)
	}
	if n, err := r.SubmitAndWaitTimeout(1, 5*time.Millisecond); n != 0 || err != nil {
		t.Fatalf("timed out wait: %d, %v", n, err)
	}
}
