//go:build linux

package ring

import (
	"encoding/binary"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A loop that waits in io_uring_enter is in a system call to Go's scheduler. With the end of each that found all
// processors idle, the scheduler's monitor (sysmon, runtime/proc.go) begins to look after it, every 20 µs at first and
// until there were 50 looks for nothing: a loop that wakes for a tick has it wake 50 times more, in the midst of the
// tick's sends. So a loop whose waits are long, with much to do between them, waits in Go's poller instead, for an
// eventfd that the ring and posters write to, and until the next long wait it enters by raw calls only, of which the
// monitor does not hear.

// parkAfter is how long a wait has to be to be long: the last one and, as far as it is known, the next. Parking costs
// two more enters, and the goroutine's way back to its thread.
const parkAfter = 2 * time.Millisecond

// parkWork is how many entries between two long waits are worth that. A loop that answers a request now and then
// stays in the enter, from which it is back earlier.
const parkWork = 64

// parker is how a loop waits in Go's poller.
type parker struct {
	file *os.File // an eventfd that belongs to the poller; nil: loops do not park here
	raw  syscall.RawConn
	look func(fd uintptr) (there bool)

	on    atomic.Bool // posters are to write to it
	last  int64       // how long the last wait was
	work  int         // entries handed over since the last long wait, and of those before it a half: to a bound
	alarm int64       // for when a timeout is in flight, 0 = none
	ts    KernelTimespec
	quiet bool // the monitor is not looking: this turn has begun with the end of a park
}

// open makes the eventfd and shows it to a ring that is not enabled yet. Without one the loop does not park, nor on a
// kernel that does not write to it when bytes have come, as 6.12.118.
func (p *parker) open(r *Ring) {
	if SelfTest().Park != nil {
		return
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return
	}
	file := os.NewFile(uintptr(fd), "eventfd")
	raw, err := file.SyscallConn()
	if err == nil {
		err = r.RegisterEventFD(fd)
	}
	if err != nil {
		_ = file.Close()
		return
	}
	r.muteEventFD(true)
	var value [8]byte
	p.file, p.raw = file, raw
	p.look = func(fd uintptr) bool {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&value)), 8)
		return errno != unix.EAGAIN || n == 8
	}
}

func (p *parker) close() {
	if p.file != nil {
		_ = p.file.Close()
	}
}

// wakeEventFD adds one to it. From any goroutine; raw, because it does not block.
func wakeEventFD(fd uintptr) {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&one)), 8)
}

// mayPark reports whether the wait until the deadline is to be long.
func (l *Loop) mayPark(deadline, now int64) bool {
	return l.park.file != nil && l.park.last >= int64(parkAfter) && l.park.work >= parkWork &&
		(deadline == 0 || deadline-now >= int64(parkAfter))
}

// rest waits until there is a completion or the deadline has come, in the way that suits how long that may take.
func (l *Loop) rest(deadline int64) (err error) {
	p := &l.park
	now, idle := l.Clock(), l.ring.Unsubmitted() == 0
	if p.quiet = idle && l.mayPark(deadline, now); p.quiet {
		err = l.parkUntil(deadline)
	} else {
		err = l.sleep(deadline)
	}
	l.wake()
	l.coalesce.slept += l.now - now
	if idle { // else what was submitted took its time
		if p.last = l.now - now; p.last >= int64(parkAfter) {
			p.work /= 2
		}
	}
	return err
}

// parkUntil is sleep in Go's poller.
func (l *Loop) parkUntil(deadline int64) (err error) {
	p := &l.park
	l.setAlarm(deadline)
	l.ring.muteEventFD(false)
	p.on.Store(true)
	l.log.Sleep()
	// It enters before it waits: of what came before, nobody was told. And it enters again afterwards: the kernel
	// posts completions to one who asks, and writes to the eventfd for what was muted, too.
	for err == nil {
		if _, err = l.ring.getEventsRaw(); l.ring.Ready() > 0 || l.inbox.kicked.Load() {
			break
		}
		if err == nil {
			err = p.raw.Read(p.look)
		}
	}
	p.on.Store(false)
	l.ring.muteEventFD(true)
	return err
}

// setAlarm has the ring complete something at the deadline, if nothing in flight does so before.
func (l *Loop) setAlarm(deadline int64) {
	p := &l.park
	if deadline == 0 || p.alarm != 0 && p.alarm <= deadline {
		return
	}
	at := max(l.mono+deadline, 0)
	p.ts = KernelTimespec{Sec: at / int64(time.Second), Nsec: at % int64(time.Second)}
	e := l.sqe()
	if p.alarm == 0 {
		e.PrepareTimeout(&p.ts, 0, TimeoutAbs)
		e.UserData = userData(opAlarm, 0, 0)
	} else {
		e.PrepareTimeoutUpdate(&p.ts, userData(opAlarm, 0, 0), TimeoutAbs)
		e.UserData = userData(opAlarmMoved, 0, 0)
	}
	p.alarm = deadline
}
