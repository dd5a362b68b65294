//go:build linux

package ring

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Close cancels what is in flight, waits for its completions, and closes the
// descriptor: while the kernel holds a request, the descriptor's number must not be
// given to somebody else.
func (l *Loop) Close(id uint32) {
	s := l.slot(id)
	if s == nil {
		return
	}
	s.flags = s.flags&^starved | closing // whoever waits for buffers must not be started again
	if s.flags&armed != 0 {
		l.cancelRecv(id, s)
	}
	if s.flags&sending != 0 && s.inflight > 0 {
		l.cancel(id, s, opSend)
	}
	if s.flags&watched != 0 {
		l.cancel(id, s, opWatch)
	}
	l.closeWhenIdle(id, s)
}

// cancel cancels the connection's request of one kind.
func (l *Loop) cancel(id uint32, s *slot, op uint64) {
	e := l.sqe()
	e.PrepareCancel64(userData(op, s.gen, id), 0)
	e.Flags = SQECQESkipSuccess
	e.UserData = userData(opCancel, s.gen, id)
}

// cancelFailed handles a cancellation that found nothing. As a rule what it looked for had
// completed, and that was seen before. But a request which the kernel is about to try again
// is in none of the lists that it searches (a send that found its socket full, and writable
// a moment later): then nothing would end it as long as the peer does nothing.
func (l *Loop) cancelFailed(id, gen uint32, c *CQE) {
	s := &l.slots[id]
	if s.gen&genMask != gen || s.flags&used == 0 || syscall.Errno(-c.Res) != unix.ENOENT {
		return // EALREADY: it runs, and was told to end
	}
	switch {
	case s.flags&closing != 0 && s.inflight > 0:
		_ = unix.Shutdown(int(s.fd), unix.SHUT_RDWR) // ends every request on the socket
	case s.flags&(armed|halted) == armed|halted:
		s.flags &^= halted
		l.cancelRecv(id, s)
	}
}

// closeWhenIdle closes the descriptor when the last request on it has completed.
func (l *Loop) closeWhenIdle(id uint32, s *slot) {
	if s.inflight > 0 || s.flags&closeSent != 0 {
		return
	}
	s.flags |= closeSent
	e := l.sqe()
	e.PrepareClose(int(s.fd))
	e.UserData = userData(opClose, s.gen, id)
}

// closeDone ends the connection. An error of close(2) is not one that could be
// mended: the descriptor is gone in any case.
func (l *Loop) closeDone(id, gen uint32) {
	l.current(id, gen)
	l.freeSlot(id)
}
