//go:build linux

package ring

import (
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inbox is how other goroutines reach the loop: a queue under a lock that is held for
// an append, and an eventfd that the ring reads. Only the first to post after the loop
// has looked makes a system call.
type inbox struct {
	mu     sync.Mutex
	queue  []Task
	shutIt bool

	busy   []Task // the queue being worked through, swapped with queue
	fd     int
	kicked atomic.Bool
	value  *[8]byte // what the ring reads: on the heap, where it stays
}

func (b *inbox) open() (err error) {
	b.value = new([8]byte)
	// Without EFD_NONBLOCK: the ring would not wait for it otherwise.
	if b.fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		e := setupError(err.(syscall.Errno)) // out of memory or descriptors
		e.Op = "eventfd"
		return e
	}
	return nil
}

// Post runs t on the loop soon. From any goroutine.
func (l *Loop) Post(t Task) bool {
	if !l.inbox.post(t) {
		return false
	}
	l.kick()
	return true
}

func (b *inbox) post(t Task) bool {
	b.mu.Lock()
	if b.shutIt {
		b.mu.Unlock()
		return false
	}
	b.queue = append(b.queue, t)
	b.mu.Unlock()
	return true
}

// kick wakes the loop if nobody else has done so already.
func (l *Loop) kick() {
	b := &l.inbox
	if b.kicked.Swap(true) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.fd < 0:
	case l.park.on.Load(): // not by way of the ring, which is late when one eventfd sets off another
		_ = l.park.raw.Control(wakeEventFD)
	default:
		wakeEventFD(uintptr(b.fd))
	}
}

// run runs what was posted before it was called; what a task posts waits for the next turn.
func (b *inbox) run() {
	if b.kicked.Load() {
		b.kicked.Store(false)
		b.runAll()
	}
}

func (b *inbox) runAll() {
	b.mu.Lock()
	b.queue, b.busy = b.busy[:0], b.queue
	b.mu.Unlock()
	for i, t := range b.busy {
		t.RunTask()
		b.busy[i] = nil
	}
}

// shut refuses further tasks. Those that wait still run: it was promised to their posters.
func (b *inbox) shut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shutIt = true
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fd >= 0 {
		_ = unix.Close(b.fd)
	}
	b.fd = -1
}

// armWake reads the eventfd, which completes with the first kick.
func (l *Loop) armWake() {
	e := l.sqe()
	e.PrepareRead(l.inbox.fd, uintptr(unsafe.Pointer(l.inbox.value)), 8, 0)
	e.UserData = userData(opWake, 0, 0)
}

func (l *Loop) woken() { l.armWake() }
