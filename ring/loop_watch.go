//go:build linux

package ring

import "golang.org/x/sys/unix"

// Linux 6.16, 6.17 and 6.18 up to .15 at least lose a reset that follows bytes closely: one wake-up stands for
// both, the multishot receive delivers the bytes and waits for a wake-up that does not come. Where the
// self-test sees that, a poll waits beside the receive of each connection. When the peer ends, the receive
// is cancelled and armed again: it looks at the socket anew, and finds what is left and then the end.

// armWatch starts the poll of a connection, unless it is in flight or has told already.
func (l *Loop) armWatch(id uint32) {
	s := &l.slots[id]
	if s.flags&(watched|seen) != 0 {
		return
	}
	e := l.sqe()
	e.PreparePollAdd(int(s.fd), unix.POLLRDHUP) // errors and hang-ups are always reported
	e.UserData = userData(opWatch, s.gen, id)
	s.flags |= watched
	s.inflight++
}

// watchFired handles the end of a poll.
func (l *Loop) watchFired(id, gen uint32, c *CQE) {
	s := l.current(id, gen)
	s.flags &^= watched
	s.inflight--
	if s.flags&closing != 0 {
		l.closeWhenIdle(id, s)
		return
	}
	s.flags |= seen // the end stays: another poll would tell of it at once
	if s.flags&(wanted|over) == wanted {
		l.cancelRecv(id, s)
	}
}
