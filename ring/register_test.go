//go:build linux

package ring

import (
	"encoding/binary"
	"errors"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// needs skips a test where the kernel lacks a feature.
func needs(t *testing.T, f Feature) {
	t.Helper()
	if err := Probe().Why(f); err != nil {
		t.Skip(err)
	}
}

func TestRegisterRingFD(t *testing.T) {
	needs(t, CanRegisterRingFD)
	r := newRing(t, Config{Entries: 4})
	if err := r.RegisterRingFD(); err != nil {
		t.Fatal(err)
	}
	if err := r.RegisterRingFD(); !errors.Is(err, unix.EEXIST) {
		t.Errorf("registered twice: %v", err)
	}
	nops(t, r, 2, 1)
	if _, err := r.SubmitAndWaitTimeout(2, time.Second); err != nil {
		t.Fatal(err)
	}
	reap(t, r, 2, 1)
	if err := r.UnregisterRingFD(); err != nil {
		t.Fatal(err)
	}
	if err := r.UnregisterRingFD(); err != nil {
		t.Errorf("nothing to unregister: %v", err)
	}
	nops(t, r, 1, 1)
	if n, err := r.Submit(); n != 1 || err != nil {
		t.Errorf("by the descriptor again: %d, %v", n, err)
	}
}

// A thread has 16 slots for ring descriptors; Close must give its own back.
func TestRegisterRingFDReturned(t *testing.T) {
	needs(t, CanRegisterRingFD)
	for i := range 40 {
		r := newRing(t, Config{Entries: 1})
		if err := r.RegisterRingFD(); err != nil {
			t.Fatalf("ring %d: %v", i, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRegisterProbe(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	var table ProbeTable
	if err := r.RegisterProbe(&table); err != nil {
		t.Fatal(err)
	}
	if table.LastOp < OpRecv || table.Ops[OpNop].Flags&OpSupported == 0 {
		t.Errorf("last %d, nop %+v", table.LastOp, table.Ops[OpNop])
	}
}

func TestRegisterEventFD(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	count := func() uint64 {
		var b [8]byte
		if _, err := unix.Read(fd, b[:]); err != nil {
			return 0
		}
		return binary.NativeEndian.Uint64(b[:])
	}
	for _, c := range []struct {
		name     string
		register func(int) error
		flags    uint8
	}{{"any", r.RegisterEventFD, 0}, {"worker's", r.RegisterEventFDAsync, SQEAsync}} {
		if err := c.register(fd); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		nop := func(e *SQE) {
			e.PrepareNop()
			e.Flags = c.flags
		}
		run(t, r, nop)
		for end := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
			if count() != 0 {
				break
			}
			if time.Now().After(end) {
				t.Errorf("%s: no event", c.name)
				break
			}
		}
		if err := r.UnregisterEventFD(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		run(t, r, nop)
		if n := count(); n != 0 {
			t.Errorf("%s: %d events after it was unregistered", c.name, n)
		}
	}
	if err := r.RegisterEventFDAsync(fd); err != nil {
		t.Fatal(err)
	}
	if run(t, r, (*SQE).PrepareNop); count() != 0 {
		t.Error("an event for a completion that no worker made")
	}
}

func TestRegisterPersonality(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	id, err := r.RegisterPersonality()
	if err != nil {
		t.Fatal(err)
	}
	as := func(id int) int32 {
		return run(t, r, func(e *SQE) {
			e.PrepareNop()
			e.Personality = uint16(id)
		})
	}
	if res := as(id); res != 0 {
		t.Errorf("with it: %d", res)
	}
	if err := r.UnregisterPersonality(id); err != nil {
		t.Fatal(err)
	}
	if res := as(id); res != -int32(unix.EINVAL) {
		t.Errorf("without it: %d", res)
	}
}

func TestRegisterIOWQ(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b0, u0, err := r.RegisterIOWQMaxWorkers(3, 5)
	if errors.Is(err, unix.EINVAL) {
		t.Skip("needs Linux 5.15")
	}
	if err != nil || b0 == 0 || u0 == 0 {
		t.Fatalf("%d, %d, %v", b0, u0, err)
	}
	if b, u, err := r.RegisterIOWQMaxWorkers(0, 0); b != 3 || u != 5 || err != nil {
		t.Errorf("limits %d, %d, want 3, 5: %v", b, u, err)
	}
	var cpus unix.CPUSet
	cpus.Set(0)
	if err := r.RegisterIOWQAff(&cpus); err != nil {
		t.Error(err)
	}
	if err := r.UnregisterIOWQAff(); err != nil {
		t.Error(err)
	}
}

func TestSyncCancel(t *testing.T) {
	needs(t, CanSyncCancel)
	r := newRing(t, Config{Entries: 4})
	_, rx := pair(t)
	buf := make([]byte, 1)
	r.GetSQE().PrepareRecv(rx, uintptr(sliceAddr(buf)), 1, 0)
	if _, err := r.Submit(); err != nil {
		t.Fatal(err)
	}
	all := SyncCancelReg{Fd: int32(rx), Flags: AsyncCancelFd | AsyncCancelAll, Timeout: KernelTimespec{-1, -1}}
	if err := r.SyncCancel(&all); err != nil {
		t.Fatal(err)
	}
	if c := complete(t, r); c.Res != -int32(unix.ECANCELED) {
		t.Errorf("result %d", c.Res)
	}
	one := SyncCancelReg{Addr: 4711, Fd: -1, Timeout: KernelTimespec{-1, -1}}
	if err := r.SyncCancel(&one); !errors.Is(err, unix.ENOENT) {
		t.Errorf("nothing to cancel: %v", err)
	}
	runtime.KeepAlive(buf)
}

func TestRegisterNapi(t *testing.T) {
	needs(t, CanNapi)
	r := newRing(t, Config{Entries: 4})
	if err := r.RegisterNapi(&Napi{BusyPollTo: 50, PreferBusyPoll: 1}); err != nil {
		t.Fatal(err)
	}
	var old Napi
	if err := r.UnregisterNapi(&old); err != nil || old.BusyPollTo != 50 || old.PreferBusyPoll != 1 {
		t.Errorf("the setting was %+v: %v", old, err)
	}
}

func TestRegisterClock(t *testing.T) {
	needs(t, CanClock)
	r := newRing(t, Config{Entries: 4})
	if err := r.RegisterClock(unix.CLOCK_BOOTTIME); err != nil {
		t.Error(err)
	}
	if err := r.RegisterClock(unix.CLOCK_REALTIME); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a clock that jumps: %v", err)
	}
}

func TestRestrictions(t *testing.T) {
	needs(t, CanExtArg) // 5.10 leaves a restricted ring disabled
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, err := New(Config{Entries: 4, Flags: SetupRDisabled})
	if err != nil {
		t.Skip(err)
	}
	defer r.Close()
	if err := r.RegisterRestrictions([]Restriction{
		{OpCode: RestrictionRegisterOp, OpFlags: uint8(RegisterEnableRings)},
		{OpCode: RestrictionSQEOp, OpFlags: OpNop},
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.EnableRings(); err != nil {
		t.Fatal(err)
	}
	if res := run(t, r, (*SQE).PrepareNop); res != 0 {
		t.Errorf("what is allowed: %d", res)
	}
	if res := run(t, r, func(e *SQE) { e.PrepareClose(-1) }); res != -int32(unix.EACCES) {
		t.Errorf("what is not: %d", res)
	}
	if err := r.RegisterFilesSparse(1); !errors.Is(err, unix.EACCES) {
		t.Errorf("another registration: %v", err)
	}
}

// A message arrives in the other ring, from a ring and from none.
func TestMsgRing(t *testing.T) {
	needs(t, CanMsgRing)
	a, b := newRing(t, Config{Entries: 4}), newRing(t, Config{Entries: 4})
	if res := run(t, a, func(e *SQE) { e.PrepareMsgRing(b.Fd(), 77, 1<<40, 0) }); res != 0 {
		t.Fatalf("sent: %d", res)
	}
	if c := complete(t, b); c.Res != 77 || c.UserData != 1<<40 {
		t.Errorf("received %+v", c)
	}
	if Probe().Kernel.Less(Version{6, 13}) {
		return
	}
	var e SQE
	e.PrepareMsgRing(b.Fd(), 78, 1<<41, 0)
	if err := SendMsgRing(&e); err != nil {
		t.Fatal(err)
	}
	if c := complete(t, b); c.Res != 78 || c.UserData != 1<<41 {
		t.Errorf("received %+v", c)
	}
	e.PrepareMsgRing(-1, 0, 0, 0)
	if err := SendMsgRing(&e); !errors.Is(err, unix.EBADF) {
		t.Errorf("to nobody: %v", err)
	}
}
