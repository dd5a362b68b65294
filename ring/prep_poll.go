//go:build linux

package ring

import "unsafe"

// PreparePollAdd waits for one of the events (unix.POLLIN, …), which is the result.
func (e *SQE) PreparePollAdd(fd int, pollMask uint32) {
	e.prepRW(OpPollAdd, fd, 0, 0, 0)
	e.OpcodeFlags = pollMask32(pollMask)
}

// PreparePollMultishot is PreparePollAdd again and again, edge triggered.
func (e *SQE) PreparePollMultishot(fd int, pollMask uint32) {
	e.PreparePollAdd(fd, pollMask)
	e.Len = PollAddMulti
}

// PreparePollRemove removes the poll with this user data.
func (e *SQE) PreparePollRemove(userData uint64) {
	e.prepRW(OpPollRemove, -1, 0, 0, 0)
	e.Addr = userData
}

// PreparePollUpdate changes a poll's user data and/or mask, as flags say:
// PollUpdateUserData, PollUpdateEvents.
func (e *SQE) PreparePollUpdate(oldUserData, newUserData uint64, pollMask, flags uint32) {
	e.prepRW(OpPollRemove, -1, 0, flags, newUserData)
	e.Addr = oldUserData
	e.OpcodeFlags = pollMask32(pollMask)
}

// PrepareEpollCtl changes an epoll set, as epoll_ctl(2); event is the address
// of a struct epoll_event.
func (e *SQE) PrepareEpollCtl(epfd, fd, op int, event unsafe.Pointer) {
	e.prepRW(OpEpollCtl, epfd, heapAddr(event), uint32(op), uint64(uint32(fd)))
}

// PrepareEpollWait waits for epoll events (6.15).
func (e *SQE) PrepareEpollWait(epfd int, events unsafe.Pointer, maxEvents int, flags uint32) {
	e.prepRW(OpEpollWait, epfd, heapAddr(events), uint32(maxEvents), 0)
	e.OpcodeFlags = flags
}

// PrepareTimeout completes with -ETIME after ts, or with 0 after count further
// completions when count is not 0. ts is read when the entry is submitted.
func (e *SQE) PrepareTimeout(ts *KernelTimespec, count, flags uint32) {
	e.prepRW(OpTimeout, -1, addrOf(ts), 1, uint64(count))
	e.OpcodeFlags = flags
}

// PrepareTimeoutRemove removes the timeout with this user data.
func (e *SQE) PrepareTimeoutRemove(userData uint64, flags uint32) {
	e.prepRW(OpTimeoutRemove, -1, 0, 0, 0)
	e.Addr = userData
	e.OpcodeFlags = flags
}

// PrepareTimeoutUpdate gives the timeout with this user data a new time; add
// LinkTimeoutUpdate for a linked one.
func (e *SQE) PrepareTimeoutUpdate(ts *KernelTimespec, userData uint64, flags uint32) {
	e.prepRW(OpTimeoutRemove, -1, 0, 0, ptr64(ts))
	e.Addr = userData
	e.OpcodeFlags = flags | TimeoutUpdate
}

// PrepareLinkTimeout cancels the entry before it, which must carry SQEIOLink,
// when that takes longer than ts.
func (e *SQE) PrepareLinkTimeout(ts *KernelTimespec, flags uint32) {
	e.prepRW(OpLinkTimeout, -1, addrOf(ts), 1, 0)
	e.OpcodeFlags = flags
}

// PrepareFutexWait waits on a futex word (6.7); futexFlags are FUTEX2_….
func (e *SQE) PrepareFutexWait(futex *uint32, val, mask uint64, futexFlags, flags uint32) {
	e.prepRW(OpFutexWait, int(int32(futexFlags)), addrOf(futex), 0, val)
	e.OpcodeFlags = flags
	e.Addr3 = mask
}

// PrepareFutexWake wakes val waiters of a futex word (6.7).
func (e *SQE) PrepareFutexWake(futex *uint32, val, mask uint64, futexFlags, flags uint32) {
	e.PrepareFutexWait(futex, val, mask, futexFlags, flags)
	e.OpCode = OpFutexWake
}

// PrepareFutexWaitv waits on nr futexes, an array of struct futex_waitv (6.7).
func (e *SQE) PrepareFutexWaitv(futexes unsafe.Pointer, nr, flags uint32) {
	e.prepRW(OpFutexWaitv, 0, heapAddr(futexes), nr, 0)
	e.OpcodeFlags = flags
}

// PrepareWaitid waits for a child, as waitid(2) (6.7); info is the address of a
// siginfo_t or nil.
func (e *SQE) PrepareWaitid(idType, id int, info unsafe.Pointer, options int, flags uint32) {
	e.prepRW(OpWaitid, id, 0, uint32(idType), 0)
	e.OpcodeFlags = flags
	e.SpliceFdIn = int32(options)
	e.Off = uint64(heapAddr(info))
}
