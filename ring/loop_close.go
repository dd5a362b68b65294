//go:build linux

package ring

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
		e := l.sqe()
		e.PrepareCancel64(userData(opSend, s.gen, id), 0)
		e.Flags = SQECQESkipSuccess
		e.UserData = userData(opCancel, s.gen, id)
	}
	l.closeWhenIdle(id, s)
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
