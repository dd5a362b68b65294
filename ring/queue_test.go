//go:build linux

package ring

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// newRing makes a ring on the test's thread, or skips where io_uring is refused.
func newRing(t testing.TB, cfg Config) *Ring {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
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

// nops prepares n requests with user data from, from+1, …
func nops(t testing.TB, r *Ring, n, from uint64) {
	t.Helper()
	for i := range n {
		sqe := r.GetSQE()
		if sqe == nil {
			t.Fatalf("queue full after %d entries", i)
		}
		sqe.PrepareNop()
		sqe.UserData = from + i
	}
}

// reap takes n completions and checks that they are in order from from on.
func reap(t testing.TB, r *Ring, n uint32, from uint64) {
	t.Helper()
	if got := r.Ready(); got < n {
		t.Fatalf("%d completions, want %d", got, n)
	}
	for i := range n {
		if c := r.CQEAt(i); c.UserData != from+uint64(i) || c.Res != 0 {
			t.Fatalf("completion %d is %+v, want user data %d", i, *c, from+uint64(i))
		}
	}
	r.Advance(n)
}

// Batches of every size go round both queues several times.
func TestQueueWraps(t *testing.T) {
	for name, cfg := range map[string]Config{
		"default":          {Entries: 8},
		"with array":       {Entries: 8, Without: SetupNoSQArray},
		"without defer":    {Entries: 8, Without: SetupDeferTaskrun},
		"smallest":         {Entries: 1, CQEntries: 1},
		"with the SQ flag": {Entries: 8, Flags: SetupTaskrunFlag},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRing(t, cfg)
			next := uint64(0)
			for round := range uint64(100) {
				n := round%uint64(r.SQEntries()) + 1
				nops(t, r, n, next)
				if left, un := r.SpaceLeft(), r.Unsubmitted(); uint64(un) != n || left+un != r.SQEntries() {
					t.Fatalf("%d unsubmitted and %d left, of %d prepared", un, left, n)
				}
				if got, err := r.SubmitAndWait(uint32(n)); got != int(n) || err != nil {
					t.Fatalf("submit: %d, %v; want %d", got, err, n)
				}
				if r.Unsubmitted() != 0 {
					t.Fatalf("%d unsubmitted after a submit", r.Unsubmitted())
				}
				reap(t, r, uint32(n), next)
				next += n
			}
			if r.Lost() != 0 || r.Dropped() != 0 || r.Ready() != 0 {
				t.Errorf("lost %d, dropped %d, left %d", r.Lost(), r.Dropped(), r.Ready())
			}
		})
	}
}

func TestQueueFull(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	nops(t, r, 4, 0)
	if sqe := r.GetSQE(); sqe != nil || r.SpaceLeft() != 0 {
		t.Fatalf("a 5th entry of 4; %d left", r.SpaceLeft())
	}
	if _, err := r.SubmitAndWait(4); err != nil {
		t.Fatal(err)
	}
	if sqe := r.GetSQE(); sqe == nil {
		t.Fatal("no entry after the queue was submitted")
	} else {
		sqe.PrepareNop()
	}
}

// More completions than the CQ holds are kept by the kernel and come later, in
// order, without loss.
func TestQueueOverflow(t *testing.T) {
	r := newRing(t, Config{Entries: 4, CQEntries: 4})
	for i := range uint64(3) {
		nops(t, r, 4, i*4)
		if _, err := r.Submit(); errors.Is(err, unix.EBUSY) {
			t.Skip("old kernels want the CQ drained first")
		} else if err != nil {
			t.Fatalf("submit into a full CQ: %v", err)
		}
	}
	if !r.Overflowed() {
		t.Fatal("12 completions in a CQ of 4 and no overflow flag")
	}
	for i := range uint64(3) {
		if _, err := r.SubmitAndWait(4); err != nil {
			t.Fatal(err)
		}
		reap(t, r, 4, i*4)
	}
	if r.Overflowed() || r.Lost() != 0 {
		t.Errorf("overflowed %v, lost %d, after all were read", r.Overflowed(), r.Lost())
	}
}

func TestTaskrunPending(t *testing.T) {
	r := newRing(t, Config{Entries: 4, Flags: SetupTaskrunFlag | SetupSingleIssuer | SetupDeferTaskrun})
	a, b := pair(t)
	buf := make([]byte, 8)
	r.GetSQE().PrepareRecv(b, uintptr(sliceAddr(buf)), 8, 0)
	if _, err := r.Submit(); err != nil {
		t.Fatal(err)
	}
	if r.TaskrunPending() {
		t.Error("pending before anything happened")
	}
	if _, err := unix.Write(a, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if !r.TaskrunPending() || r.Ready() != 0 {
		t.Errorf("pending %v and %d ready, after data came", r.TaskrunPending(), r.Ready())
	}
	if err := r.GetEvents(); err != nil || r.Ready() != 1 || r.TaskrunPending() {
		t.Errorf("after GetEvents: %v, %d ready, pending %v", err, r.Ready(), r.TaskrunPending())
	}
	runtime.KeepAlive(buf)
}

func TestTaskrunPendingUnknown(t *testing.T) {
	if r := newRing(t, Config{Entries: 4}); r.Flags()&SetupDeferTaskrun != 0 && !r.TaskrunPending() {
		t.Error("a ring that cannot know must say that work may be pending")
	}
	if r := newRing(t, Config{Entries: 4, Without: SetupDeferTaskrun | SetupTaskrunFlag}); r.TaskrunPending() {
		t.Error("work runs by itself here")
	}
}

// Late calls on a closed ring find it empty instead of faulting.
func TestClosedRing(t *testing.T) {
	r := newRing(t, Config{})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r.GetSQE() != nil || r.Ready() != 0 || r.Unsubmitted() != 0 || r.Overflowed() || r.Fd() != -1 {
		t.Error("a closed ring is not empty")
	}
	if _, err := r.SubmitAndWait(0); err == nil {
		t.Error("a closed ring was entered")
	}
	if err := r.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
}

func TestNoAllocations(t *testing.T) {
	needs(t, CanExtArg)
	r := newRing(t, Config{Entries: 8})
	allocs := testing.AllocsPerRun(1000, func() {
		for range 4 {
			sqe := r.GetSQE()
			sqe.PrepareNop()
			sqe.UserData = 7
		}
		if _, err := r.SubmitAndWaitTimeout(4, 1e9); err != nil {
			t.Fatal(err)
		}
		for i := range r.Ready() {
			if r.CQEAt(i).UserData != 7 {
				t.Fatal("wrong completion")
			}
		}
		r.Advance(r.Ready())
		r.GetSQE().PrepareNop()
		if _, err := r.SubmitRaw(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.SubmitAndWait(1); err != nil {
			t.Fatal(err)
		}
		r.Advance(r.Ready())
	})
	if allocs != 0 {
		t.Errorf("%v allocations per turn", allocs)
	}
}

// BenchmarkNop is one turn with a batch of requests that do nothing.
func BenchmarkNop(b *testing.B) {
	for _, batch := range []int{1, 16, 64} {
		for name, submit := range map[string]func(*Ring) (int, error){"call": (*Ring).Submit, "raw": (*Ring).SubmitRaw} {
			b.Run(name+"/"+itoa(batch), func(b *testing.B) {
				r := newRing(b, Config{Entries: 64})
				for b.Loop() {
					for range batch {
						r.GetSQE().PrepareNop()
					}
					if n, err := submit(r); n != batch || err != nil {
						b.Fatal(n, err)
					}
					r.Advance(r.Ready())
				}
			})
		}
	}
}
