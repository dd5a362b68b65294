//go:build linux

package ring

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxRawBatch is how many entries SubmitRaw hands over by a raw call: a raw call
// keeps its P, and a longer batch would hold up a stop-the-world.
const MaxRawBatch = 64

// errNoAbsTimer: before 6.12 a timeout is a duration.
var errNoAbsTimer error = &Error{Kind: Unsupported, Op: "wait until a time", Since: Version{6, 12},
	Cause: "needs Linux 6.12 (IORING_ENTER_ABS_TIMER)", Remedy: "use SubmitAndWaitTimeout"}

// errNoExtArg: before 5.11 an enter takes no timeout.
var errNoExtArg error = &Error{Kind: Unsupported, Op: "wait with a timeout", Since: Version{5, 11},
	Cause: "needs Linux 5.11 (IORING_FEAT_EXT_ARG)", Remedy: "use PrepareTimeout"}

// enter hands entries over and/or waits: the one place from which this package
// enters a ring. It returns how many the kernel consumed.
func (r *Ring) enter(submit, wait, flags uint32, arg *GetEventsArg, raw bool) (int, syscall.Errno) {
	var size uintptr
	if arg != nil {
		flags |= EnterExtArg
		size = unsafe.Sizeof(*arg)
	}
	if r.flags&SetupSQPoll != 0 && submit > 0 && r.sqSleeps() {
		flags |= EnterSQWakeup
	}
	n, errno := sysEnter(r.enterFd, submit, wait, flags|r.enterFlags, unsafe.Pointer(arg), size, raw)
	if r.log.Keeps() && !r.looped {
		r.log.Wake(r.log.Clock())
	}
	return n, errno
}

// Submit hands the prepared entries to the kernel without waiting and returns
// how many it took. On a SetupDeferTaskrun ring it also lets the kernel post
// completions that are due. Without anything to do it makes no system call.
//
// Errors are plain errnos. EAGAIN and EBUSY mean that the kernel is short of
// memory or that completions must be read first: drain and submit again; what
// was not taken stays prepared.
func (r *Ring) Submit() (int, error) { return r.submit(false) }

// SubmitRaw is Submit by a system call that the Go scheduler does not see. It
// is for batches of non-blocking requests; more than MaxRawBatch entries go by
// an ordinary call.
func (r *Ring) SubmitRaw() (int, error) { return r.submit(r.Unsubmitted() <= MaxRawBatch) }

// submitSome is SubmitRaw of at most so many entries, up to MaxRawBatch.
func (r *Ring) submitSome(most uint32) (int, error) {
	return result(r.enter(min(r.flush(), most), 0, r.submitFlags, nil, true))
}

// getEventsRaw submits what there is, a few entries, and lets the kernel post what is due.
func (r *Ring) getEventsRaw() (int, error) {
	return result(r.enter(r.flush(), 0, EnterGetEvents, nil, true))
}

func (r *Ring) submit(raw bool) (int, error) {
	n := r.flush()
	if r.idle(n) {
		return int(n), nil
	}
	flags := r.submitFlags
	if r.Overflowed() || r.TaskrunPending() {
		flags |= EnterGetEvents
	}
	return result(r.enter(n, 0, flags, nil, raw))
}

// idle reports that an enter with n entries would do nothing.
func (r *Ring) idle(n uint32) bool {
	if r.Overflowed() || r.TaskrunPending() {
		return false
	}
	if r.flags&SetupSQPoll != 0 {
		return n == 0 || !r.sqSleeps()
	}
	return n == 0
}

// sqSleeps reports whether the SQPOLL thread has to be woken. It is looked at after the
// tail was moved, and both are atomic, so that no processor swaps them: the thread raises
// the flag and then looks at the tail once more.
func (r *Ring) sqSleeps() bool { return atomic.LoadUint32(r.sqFlags)&SQNeedWakeup != 0 }

// GetEvents lets the kernel post what is due, without submitting or waiting.
func (r *Ring) GetEvents() error {
	_, err := result(r.enter(0, 0, EnterGetEvents, nil, false))
	return err
}

// SubmitAndWait submits and then waits until n completions can be read (at most
// the size of the completion queue). Interruptions are not seen.
func (r *Ring) SubmitAndWait(n uint32) (int, error) {
	n = min(n, r.cqEntries)
	for total := 0; ; {
		taken, errno := r.enter(r.flush(), n, EnterGetEvents, nil, false)
		if errno == 0 {
			total += taken
		}
		if errno != 0 && errno != unix.EINTR {
			return total, errno
		}
		if r.Ready() >= n && r.Unsubmitted() == 0 || errno == 0 && n == 0 {
			return total, nil
		}
	}
}

// SubmitAndWaitTimeout submits and then waits until n completions can be read,
// at most for d: 0 does not wait, negative waits for ever. It may return early,
// with a nil error: when the time is up, when a signal came, or when the kernel
// took only part of the entries. Look at Ready.
func (r *Ring) SubmitAndWaitTimeout(n uint32, d time.Duration) (int, error) {
	return r.SubmitAndWaitMin(n, d, 0)
}

// SubmitAndWaitMin is SubmitAndWaitTimeout that, once minWait has passed, is
// content with a single completion (6.12, FeatMinTimeout; elsewhere minWait
// must be 0). It trades latency for fewer enters under load.
func (r *Ring) SubmitAndWaitMin(n uint32, d, minWait time.Duration) (int, error) {
	if r.features&FeatExtArg == 0 && d > 0 {
		return 0, errNoExtArg
	}
	var arg *GetEventsArg
	switch {
	case d == 0:
		n = 0
	case d < 0 && minWait > 0:
		r.minArg.MinWaitUsec = uint32(minWait / time.Microsecond)
		arg = &r.minArg
	case d > 0:
		arg = &r.arg
		arg.MinWaitUsec = uint32(minWait / time.Microsecond)
		r.ts = KernelTimespec{Sec: int64(d / time.Second), Nsec: int64(d % time.Second)}
	}
	taken, errno := r.enter(r.flush(), n, EnterGetEvents, arg, false)
	if errno == unix.ETIME || errno == unix.EINTR {
		return 0, nil
	}
	return result(taken, errno)
}

// WaitsUntil reports whether SubmitAndWaitUntil works here.
func (r *Ring) WaitsUntil() bool { return r.features&FeatMinTimeout != 0 } // of the same release

// SubmitAndWaitUntil is SubmitAndWaitTimeout with a point in time instead of a duration (6.12):
// nanoseconds of CLOCK_MONOTONIC. One that has passed does not wait. What runs between the
// caller's look at the clock and the wait then does not make it longer.
func (r *Ring) SubmitAndWaitUntil(n uint32, at int64) (int, error) {
	return r.SubmitAndWaitMinUntil(n, at, 0)
}

// SubmitAndWaitMinUntil is SubmitAndWaitUntil that, once minWait has passed, is content with a
// single completion, as SubmitAndWaitMin is. The time may end up to minWait late.
func (r *Ring) SubmitAndWaitMinUntil(n uint32, at int64, minWait time.Duration) (int, error) {
	if !r.WaitsUntil() {
		return 0, errNoAbsTimer
	}
	at = max(at, 0) // before the clock began the kernel would wait for ever
	r.arg.MinWaitUsec = uint32(minWait / time.Microsecond)
	r.ts = KernelTimespec{Sec: at / int64(time.Second), Nsec: at % int64(time.Second)}
	taken, errno := r.enter(r.flush(), n, EnterGetEvents|EnterAbsTimer, &r.arg, false)
	if errno == unix.ETIME || errno == unix.EINTR {
		return 0, nil
	}
	return result(taken, errno)
}

// result is an enter's outcome as an error. An Errno below 256 is put into an
// interface without allocating.
func result(n int, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}
