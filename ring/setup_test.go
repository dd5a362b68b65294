//go:build linux

package ring

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/denied"
)

func TestDefaults(t *testing.T) {
	r := newRing(t, Config{})
	if r.SQEntries() != 256 || r.CQEntries() != 1024 {
		t.Errorf("%d and %d entries, want 256 and 1024", r.SQEntries(), r.CQEntries())
	}
	r = newRing(t, Config{Entries: 33, CQEntries: 100})
	if r.SQEntries() != 64 || r.CQEntries() != 128 {
		t.Errorf("%d and %d entries, want 64 and 128", r.SQEntries(), r.CQEntries())
	}
	r = newRing(t, Config{Entries: 1 << 20, Without: SetupSubmitAll})
	if r.SQEntries() != 32768 || r.Flags()&SetupSubmitAll != 0 {
		t.Errorf("%d entries, want a clamp to 32768; flags %#x", r.SQEntries(), r.Flags())
	}
}

// Older kernels get the ring that they can make, and it works.
func TestLadder(t *testing.T) {
	real := newRing(t, Config{Entries: 4}).Flags()
	for v, want := range map[Version]uint32{
		{6, 6}:  ladder[0],
		{6, 5}:  ladder[1],
		{6, 1}:  ladder[1],
		{6, 0}:  ladder[2],
		{5, 19}: ladder[3],
		{5, 18}: ladder[4],
		{5, 10}: ladder[5],
	} {
		t.Run(v.String(), func(t *testing.T) {
			if want&^real&^SetupCoopTaskrun != 0 {
				t.Skipf("this kernel grants %#x only", real)
			}
			defer EmulateKernel(v)()
			r := newRing(t, Config{Entries: 4})
			if r.Flags() != want {
				t.Errorf("flags %#x, want %#x", r.Flags(), want)
			}
			nops(t, r, 3, 9)
			if _, err := r.SubmitAndWait(3); err != nil {
				t.Fatal(err)
			}
			reap(t, r, 3, 9)
		})
	}
}

// Each step asks for less than the one before, and keeps what is required.
func TestLadderSteps(t *testing.T) {
	for _, c := range []struct{ flags, without, never uint32 }{
		{0, 0, 0},
		{SetupSQPoll, 0, SetupDeferTaskrun | SetupCoopTaskrun},
		{SetupSingleIssuer | SetupDeferTaskrun, 0, SetupCoopTaskrun},
		{SetupRDisabled, SetupNoSQArray | SetupSubmitAll, SetupNoSQArray | SetupSubmitAll},
	} {
		cfg := Config{Flags: c.flags, Without: c.without}
		steps := cfg.steps()
		for i, flags := range steps {
			if flags&c.flags != c.flags || flags&c.never != 0 {
				t.Errorf("%+v: step %d is %#x", c, i, flags)
			}
			if i > 0 && bits.OnesCount32(flags) > bits.OnesCount32(steps[i-1]) {
				t.Errorf("%+v: step %d asks for more: %#x", c, i, flags)
			}
		}
	}
}

func TestRequiredFlags(t *testing.T) {
	defer EmulateKernel(Version{6, 0})()
	r, err := New(Config{Flags: SetupSingleIssuer | SetupDeferTaskrun})
	if err == nil {
		r.Close()
		t.Fatal("6.0 granted DEFER_TASKRUN")
	}
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, unix.EINVAL) || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestRefusedFlags(t *testing.T) {
	for flags := uint32(1); flags != 0; flags <<= 1 {
		if flags&refusedFlags == 0 {
			continue
		}
		if r, err := New(Config{Flags: flags}); err == nil {
			r.Close()
			t.Errorf("flag %#x was accepted", flags)
		} else if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("flag %#x: %v", flags, err)
		}
	}
}

// A single-issuer ring made disabled belongs to the thread that enables it;
// any other is told so.
func TestEnableOnAnotherThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, err := New(Config{Flags: SetupRDisabled | SetupSingleIssuer})
	if err != nil {
		t.Skipf("no such ring here: %v", err)
	}
	defer r.Close()
	r.GetSQE().PrepareNop()
	if _, err := r.Submit(); !errors.Is(err, unix.EBADFD) {
		t.Errorf("submit to a disabled ring: %v", err)
	}
	there := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := r.EnableRings()
		if err == nil {
			_, err = r.SubmitAndWait(1)
		}
		there <- err
	}()
	if err := <-there; err != nil {
		t.Errorf("on the enabling thread: %v", err)
	}
	r.Advance(r.Ready())
	r.GetSQE().PrepareNop()
	if _, err := r.Submit(); !errors.Is(err, unix.EEXIST) {
		t.Errorf("on another thread: %v", err)
	}
}

// Short of memory, a ring becomes smaller, down to MinEntries.
func TestShrinksWithoutMemory(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give CAP_IPC_LOCK up on one thread")
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 256 << 10, Max: old.Max}); err != nil {
		t.Skipf("cannot lower the limit: %v", err)
	}
	defer unix.Setrlimit(unix.RLIMIT_MEMLOCK, &old)
	type result struct {
		entries uint32
		err     error
	}
	results := make(chan [2]result)
	go func() {
		runtime.LockOSThread() // for good: the thread dies with its capabilities
		dropCapabilities(t)
		var rs [2]result
		for i, min := range []uint32{32, 16384} {
			r, err := New(Config{Entries: 16384, MinEntries: min})
			if err == nil {
				rs[i].entries = r.SQEntries()
				r.Close()
			}
			rs[i].err = err
		}
		results <- rs
	}()
	rs := <-results
	if rs[0].err != nil {
		t.Fatalf("did not shrink: %v", rs[0].err)
	}
	if rs[0].entries == 16384 {
		t.Skip("this kernel does not charge rings to RLIMIT_MEMLOCK")
	}
	var e *Error
	if !errors.As(rs[1].err, &e) || e.Kind != Exhausted || !errors.Is(e, unix.ENOMEM) {
		t.Errorf("at the minimum: %v", rs[1].err)
	}
}

// dropCapabilities empties the calling thread's effective set.
func dropCapabilities(t *testing.T) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		t.Errorf("capget: %v", err)
	}
	data[0].Effective, data[1].Effective = 0, 0
	if err := unix.Capset(&hdr, &data[0]); err != nil {
		t.Errorf("capset: %v", err)
	}
}

// Rings that are made and closed one after another find the memory that they may lock, each of them, although the
// kernel gives it back late. A child, because the limit is for users without privileges.
func TestNewAfterClose(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	if out := child(t, "memlock"); out != "good\n" {
		t.Error(out)
	}
}

// memlockChild has room for one ring of 256 entries and its queues, not for two.
func memlockChild() {
	runtime.LockOSThread()
	if err := errors.Join(denied.Memlock(64<<10), denied.Root()); err != nil {
		fmt.Println("skip:", err)
		return
	}
	for i := range 20 {
		r, err := New(Config{Entries: 256})
		if err != nil || r.SQEntries() != 256 {
			fmt.Println("ring", i, err)
			return
		}
		_ = r.Close()
	}
	fmt.Println("good")
}
