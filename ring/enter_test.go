//go:build linux

package ring

import (
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestSubmitRaw(t *testing.T) {
	r := newRing(t, Config{Entries: 2 * MaxRawBatch})
	for _, n := range []uint64{1, MaxRawBatch, MaxRawBatch + 1, 2 * MaxRawBatch} {
		nops(t, r, n, 100)
		if got, err := r.SubmitRaw(); got != int(n) || err != nil {
			t.Fatalf("submit %d: %d, %v", n, got, err)
		}
		reap(t, r, uint32(n), 100)
	}
}

// A submit with nothing to do makes no system call: on a closed descriptor any
// call would fail.
func TestSubmitIdle(t *testing.T) {
	r := newRing(t, Config{Without: SetupDeferTaskrun | SetupTaskrunFlag})
	fd := r.enterFd
	r.enterFd = -1
	if n, err := r.Submit(); n != 0 || err != nil {
		t.Errorf("idle submit: %d, %v", n, err)
	}
	r.GetSQE().PrepareNop()
	if n, err := r.Submit(); n != 0 || !errors.Is(err, unix.EBADF) {
		t.Errorf("submit on a bad descriptor: %d, %v", n, err)
	}
	if r.Unsubmitted() != 1 {
		t.Error("an entry that the kernel did not take is gone")
	}
	r.enterFd = fd
	if n, err := r.Submit(); n != 1 || err != nil {
		t.Errorf("the second try: %d, %v", n, err)
	}
}

func TestWaitTimeout(t *testing.T) {
	needs(t, CanExtArg)
	r := newRing(t, Config{})
	for _, d := range []time.Duration{time.Nanosecond, 20 * time.Millisecond, 1100 * time.Millisecond} {
		start := time.Now()
		for left := d; left > 0; left = d - time.Since(start) { // signals may end a wait early
			if n, err := r.SubmitAndWaitTimeout(1, left); n != 0 || err != nil {
				t.Fatalf("%v: %d, %v", d, n, err)
			}
		}
		if took := time.Since(start); took > d+10*time.Second {
			t.Errorf("waited %v for %v", took, d)
		}
	}
}

// A wait that must not time out sleeps as long as it was told.
func TestWaitTimeoutSleeps(t *testing.T) {
	needs(t, CanExtArg)
	r := newRing(t, Config{})
	start, calls := time.Now(), 0
	for ; time.Since(start) < 100*time.Millisecond; calls++ {
		if _, err := r.SubmitAndWaitTimeout(1, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if calls > 20 {
		t.Errorf("%d waits of 100 ms in 100 ms: it does not sleep", calls)
	}
}

func TestWaitZeroAndNegative(t *testing.T) {
	r := newRing(t, Config{})
	start := time.Now()
	if n, err := r.SubmitAndWaitTimeout(1, 0); n != 0 || err != nil || time.Since(start) > time.Second {
		t.Fatalf("a wait of 0: %d, %v after %v", n, err, time.Since(start))
	}
	nops(t, r, 2, 5)
	if n, err := r.SubmitAndWaitTimeout(1, 0); n != 2 || err != nil {
		t.Fatalf("a wait of 0 with entries: %d, %v", n, err)
	}
	reap(t, r, 2, 5)
	r.GetSQE().PrepareTimeout(&KernelTimespec{Nsec: int64(30 * time.Millisecond)}, 0, 0)
	for r.Ready() == 0 {
		if _, err := r.SubmitAndWaitTimeout(1, -1); err != nil {
			t.Fatal(err)
		}
	}
	if c := r.CQEAt(0); c.Res != -int32(unix.ETIME) {
		t.Errorf("the timer's result is %d", c.Res)
	}
}

// Signals interrupt a wait; SubmitAndWait goes on, the one with a timeout may return.
func TestWaitInterrupted(t *testing.T) {
	needs(t, CanExtArg)
	r := newRing(t, Config{})
	tid, stop, done := unix.Gettid(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				unix.Tgkill(os.Getpid(), tid, unix.SIGURG) // the runtime expects stray ones
			}
		}
	}()
	defer func() { close(stop); <-done }()
	for range 5 {
		r.GetSQE().PrepareTimeout(&KernelTimespec{Nsec: int64(20 * time.Millisecond)}, 0, 0)
		start := time.Now()
		if _, err := r.SubmitAndWait(1); err != nil || r.Ready() != 1 {
			t.Fatalf("interrupted wait: %v with %d ready", err, r.Ready())
		}
		if took := time.Since(start); took < 15*time.Millisecond {
			t.Fatalf("returned after %v", took)
		}
		r.Advance(1)
		if _, err := r.SubmitAndWaitTimeout(1, 10*time.Millisecond); err != nil {
			t.Fatalf("interrupted wait with a timeout: %v", err)
		}
	}
}

// SUBMIT_ALL: one invalid entry fails by its completion, the others go on.
func TestSubmitBadEntry(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	if r.Flags()&SetupSubmitAll == 0 {
		t.Skip("needs Linux 5.18")
	}
	nops(t, r, 3, 0)
	bad := (*SQE)(r.sqes)
	bad.OpCode = 255
	if n, err := r.SubmitAndWait(3); n != 3 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if c := r.CQEAt(0); c.Res != -int32(unix.EINVAL) {
		t.Errorf("the invalid entry's result is %d", c.Res)
	}
	r.Advance(1)
	reap(t, r, 2, 1)
}

func TestWaitMin(t *testing.T) {
	r := newRing(t, Config{})
	if r.Features()&FeatMinTimeout == 0 {
		t.Skip("needs Linux 6.12")
	}
	for _, d := range []time.Duration{10 * time.Second, -1} {
		nops(t, r, 1, 0)
		start := time.Now()
		if _, err := r.SubmitAndWaitMin(2, d, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 5*time.Second || r.Ready() != 1 {
			t.Errorf("waited %v for a second completion; %d ready", took, r.Ready())
		}
		r.Advance(r.Ready())
	}
}

// A wait until a time ends then, not before; one until the past does not begin.
func TestWaitUntil(t *testing.T) {
	r := newRing(t, Config{})
	if !r.WaitsUntil() {
		t.Skip("needs Linux 6.12")
	}
	for _, d := range []time.Duration{-100_000 * time.Hour, -1, time.Nanosecond, 20 * time.Millisecond, 1100 * time.Millisecond} {
		start, calls := time.Now(), 0
		for at := monotonic() + int64(d); ; calls++ { // signals may end a wait early
			if n, err := r.SubmitAndWaitUntil(1, at); n != 0 || err != nil {
				t.Fatalf("%v: %d, %v", d, n, err)
			}
			if monotonic() >= at {
				break
			}
		}
		if took := time.Since(start); took > max(d, 0)+10*time.Second || took < d {
			t.Errorf("waited %v for %v", took, d)
		}
		if calls > 20 {
			t.Errorf("%v: %d waits: it does not sleep", d, calls)
		}
	}
	nops(t, r, 2, 5)
	if n, err := r.SubmitAndWaitUntil(2, monotonic()+int64(10*time.Second)); n != 2 || err != nil {
		t.Fatalf("with entries: %d, %v", n, err)
	}
	reap(t, r, 2, 5)
}

func TestWaitUntilNeedsAbsTimer(t *testing.T) {
	defer EmulateKernel(Version{6, 11})()
	r := newRing(t, Config{})
	if _, err := r.SubmitAndWaitUntil(1, 0); !errors.Is(err, errors.ErrUnsupported) || r.WaitsUntil() {
		t.Errorf("on 6.11: %v", err)
	}
}

func TestWaitNeedsExtArg(t *testing.T) {
	defer EmulateKernel(Version{5, 10})()
	r := newRing(t, Config{})
	if _, err := r.SubmitAndWaitTimeout(1, time.Millisecond); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("timeout on 5.10: %v", err)
	}
	nops(t, r, 1, 0)
	if _, err := r.SubmitAndWaitTimeout(1, -1); err != nil {
		t.Errorf("without a timeout: %v", err)
	}
}

// With SQPOLL a kernel thread takes the entries; Submit only wakes it.
func TestSQPoll(t *testing.T) {
	r := newRing(t, Config{Entries: 4, Flags: SetupSQPoll, SQThreadIdle: 1})
	if r.Flags()&SetupDeferTaskrun != 0 {
		t.Fatal("SQPOLL and DEFER_TASKRUN exclude each other")
	}
	for i := range uint64(20) {
		nops(t, r, 4, i)
		if _, err := r.Submit(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.SubmitAndWait(4); err != nil {
			t.Fatal(err)
		}
		reap(t, r, 4, i)
		if i%5 == 4 {
			time.Sleep(5 * time.Millisecond) // let it fall asleep
		}
	}
}
