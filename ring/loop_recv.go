//go:build linux

package ring

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// Receive starts receiving, or goes on after Pause.
func (l *Loop) Receive(id uint32) {
	s := l.slot(id)
	if s == nil || s.flags&wanted != 0 {
		return
	}
	s.flags |= wanted
	// With the old receive still being cancelled, its last completion starts the new one.
	if s.flags&(armed|starved|over) == 0 {
		l.armRecv(id)
	}
}

// Pause stops receiving. What the kernel has put into buffers before the cancellation
// is still delivered.
func (l *Loop) Pause(id uint32) {
	s := l.slot(id)
	if s == nil || s.flags&wanted == 0 {
		return
	}
	s.flags &^= wanted | starved
	l.cancelRecv(id, s)
}

func (l *Loop) cancelRecv(id uint32, s *slot) {
	if s.flags&(armed|halted) != armed {
		return
	}
	s.flags |= halted
	l.cancel(id, s, opRecv)
}

// armRecv starts a multishot receive: one entry, and from then on a completion for
// whatever arrives.
func (l *Loop) armRecv(id uint32) {
	s := &l.slots[id]
	e := l.sqe()
	e.PrepareRecvMultishot(int(s.fd), 0, 0, 0)
	e.SetBufferGroup(recvGroup)
	e.UserData = userData(opRecv, s.gen, id)
	s.flags |= armed
	s.flags &^= fed
	s.inflight++
	if l.watch {
		l.armWatch(id)
	}
}

// received handles a completion of a multishot receive. One without CQEFMore is its last.
func (l *Loop) received(id, gen uint32, c *CQE) {
	s := l.current(id, gen)
	last := !c.More()
	if last {
		s.flags &^= armed | halted
		s.inflight--
	}
	if c.HasBuffer() {
		p := l.bufs.Take(c)
		s.flags |= fed
		if len(p) > 0 && s.flags&(closing|over) == 0 {
			l.ev.Received(id, p)
			s = &l.slots[id] // the slots may have moved
		}
		if !c.BufMore() {
			l.bufs.Recycle(c.BufferID())
		}
	}
	if s.flags&closing != 0 {
		l.closeWhenIdle(id, s)
		return
	}
	if last {
		l.recvStopped(id, s, c.Res)
	}
}

// recvStopped decides what follows the end of a multishot receive.
func (l *Loop) recvStopped(id uint32, s *slot, res int32) {
	switch errno := syscall.Errno(-res); {
	case res == 0:
		s.flags |= over
		l.ev.Ended(id, io.EOF)
	case res > 0, errno == unix.ECANCELED, errno == unix.EAGAIN, errno == unix.EINTR:
		if s.flags&wanted != 0 {
			l.armRecv(id)
		}
	case errno == unix.ENOBUFS:
		// The buffers are recycled while this batch is worked through.
		l.stats.NoBuffers++
		if s.flags&wanted != 0 {
			s.flags |= starved
			if s.flags&fed == 0 {
				l.hungry = append(l.hungry, id)
			} else {
				l.rearm = append(l.rearm, id)
			}
		}
	default:
		s.flags |= over
		l.ev.Ended(id, errno)
	}
}
