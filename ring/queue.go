//go:build linux

package ring

import (
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/flight"
)

// Ring is a submission and a completion queue shared with the kernel. It is
// made by [New] and belongs to one thread (see the package comment).
//
// The arithmetic: every index is a free-running uint32, reduced by a mask only
// to address an entry, so that tail-head is the fill level even after they wrap.
//
//	SQ: kernel's sqHead ≤ *sqTail ≤ sqTailLocal ≤ sqHead + sqEntries
//	CQ: cqHeadLocal = *cqHead ≤ kernel's cqTail ≤ cqHead + cqEntries
type Ring struct {
	_ noCopy

	// Submission. The kernel moves *sqHead in an enter (or its SQPOLL thread at
	// any time); *sqTail follows sqTailLocal in flush.
	sqHead      *uint32
	sqes        unsafe.Pointer
	sqTailLocal uint32
	sqEntries   uint32
	sqMask      uint32

	// Completion. The kernel moves *cqTail.
	cqMask      uint32
	cqTail      *uint32
	cqes        unsafe.Pointer
	cqHead      *uint32
	cqHeadLocal uint32
	cqEntries   uint32

	sqTail, sqFlags, sqDropped *uint32
	cqFlags, cqOverflow        *uint32

	// Entering. arg and ts live here so that no call allocates.
	enterFd     int    // fd, or its index after RegisterRingFD
	enterFlags  uint32 // added to every enter
	submitFlags uint32 // added to every enter that does not wait
	arg         GetEventsArg
	minArg      GetEventsArg // without a timeout
	ts          KernelTimespec

	// What went through lately: nil, or without room, if nothing is remembered. A Loop tells it the time,
	// another ring looks at the clock with each enter.
	log              *flight.Log
	looped           bool
	sqNoted, cqNoted uint32 // up to where the queues have been recorded

	fd              int
	flags, features uint32
	queueMem        []byte
	sqeMem          []byte
}

// noCopy makes go vet complain about copies: the kernel knows addresses inside.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// GetSQE is the next free submission entry, or nil when the queue is full:
// submit and try again. The entry holds old bytes; a Prepare method clears them.
// It is valid until the next Submit…, and goes to the kernel then.
func (r *Ring) GetSQE() *SQE {
	tail := r.sqTailLocal
	if tail-atomic.LoadUint32(r.sqHead) >= r.sqEntries {
		return nil
	}
	r.sqTailLocal = tail + 1
	return (*SQE)(unsafe.Add(r.sqes, uintptr(tail&r.sqMask)*unsafe.Sizeof(SQE{})))
}

// Unsubmitted is how many entries were taken by GetSQE that the kernel has not
// consumed yet.
func (r *Ring) Unsubmitted() uint32 { return r.sqTailLocal - atomic.LoadUint32(r.sqHead) }

// SpaceLeft is how many times GetSQE will not return nil.
func (r *Ring) SpaceLeft() uint32 { return r.sqEntries - r.Unsubmitted() }

// Ready is how many completions wait to be read. It does not enter the kernel.
func (r *Ring) Ready() uint32 { return atomic.LoadUint32(r.cqTail) - r.cqHeadLocal }

// CQEAt is the i-th unread completion, 0 ≤ i < Ready(). It is the kernel's
// memory and valid until Advance passes it.
func (r *Ring) CQEAt(i uint32) *CQE {
	return (*CQE)(unsafe.Add(r.cqes, uintptr((r.cqHeadLocal+i)&r.cqMask)*unsafe.Sizeof(CQE{})))
}

// Advance gives the n oldest completions back to the kernel, n ≤ Ready().
func (r *Ring) Advance(n uint32) {
	if r.log.Keeps() {
		r.noteCQEs(n) // unless its loop has, before it looked at them
	}
	r.cqHeadLocal += n
	atomic.StoreUint32(r.cqHead, r.cqHeadLocal)
}

// flush shows the kernel what GetSQE gave out, and counts it.
func (r *Ring) flush() uint32 {
	if r.log.Keeps() {
		r.noteSQEs()
	}
	atomic.StoreUint32(r.sqTail, r.sqTailLocal)
	return r.sqTailLocal - atomic.LoadUint32(r.sqHead)
}

// Overflowed reports that completions wait in the kernel because the CQ was
// full. None is lost; the next enter moves them over once there is room.
func (r *Ring) Overflowed() bool { return atomic.LoadUint32(r.sqFlags)&SQCQOverflow != 0 }

// Lost counts completions that the kernel had to drop for want of memory. It is
// 0 on a healthy system.
func (r *Ring) Lost() uint32 { return atomic.LoadUint32(r.cqOverflow) }

// Dropped counts invalid entries, which this package cannot submit: always 0.
func (r *Ring) Dropped() uint32 { return atomic.LoadUint32(r.sqDropped) }

// TaskrunPending reports that completions may wait for the next enter. With
// SetupTaskrunFlag in Config.Flags the kernel says so; otherwise it is true for
// a SetupDeferTaskrun ring, where one cannot know.
func (r *Ring) TaskrunPending() bool {
	if r.flags&SetupTaskrunFlag != 0 {
		return atomic.LoadUint32(r.sqFlags)&SQTaskrun != 0
	}
	return r.flags&SetupDeferTaskrun != 0
}

// Fd is the ring's descriptor, for MSG_RING, epoll or ATTACH_WQ; -1 once closed.
func (r *Ring) Fd() int { return r.fd }

// Flags are the Setup… flags that the ring got.
func (r *Ring) Flags() uint32 { return r.flags }

// Features are the Feat… bits of the kernel.
func (r *Ring) Features() uint32 { return r.features }

// SQEntries is the size of the submission queue.
func (r *Ring) SQEntries() uint32 { return r.sqEntries }

// CQEntries is the size of the completion queue.
func (r *Ring) CQEntries() uint32 { return r.cqEntries }

// Close gives the ring back: the kernel cancels what is in flight. Memory that
// requests point at must stay until then. After RegisterRingFD, Close is called
// on the same thread. A second Close returns [os.ErrClosed].
func (r *Ring) Close() error {
	if r.fd < 0 {
		return os.ErrClosed
	}
	err := r.UnregisterRingFD()
	r.unmap()
	if cerr := unix.Close(r.fd); err == nil {
		err = cerr
	}
	r.fd, r.enterFd, r.enterFlags = -1, -1, 0
	closedAt.Store(time.Now().UnixNano())
	return err
}
