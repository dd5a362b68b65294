//go:build linux

package ring

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxGather is the most buffers in one send, as conn.MaxSendBufs.
const maxGather = 16

// gather is a send of several buffers. It is an object of its own, because the kernel
// reads it until the send has completed; its loop keeps it reachable.
type gather struct {
	hdr syscall.Msghdr
	iov [maxGather]syscall.Iovec
}

// sendFlags: all of it or an error, and a peer that is gone is an error, not a signal.
const sendFlags = unix.MSG_WAITALL | unix.MSG_NOSIGNAL

// Send sends bufs in order; Sent reports the end of it.
func (l *Loop) Send(id uint32, bufs [][]byte) {
	s := l.slot(id)
	if s == nil || s.flags&sending != 0 {
		return
	}
	if len(bufs) > maxGather {
		panic("ring: Send of more than 16 buffers")
	}
	s.flags |= sending
	s.sendLen, s.sendDone = 0, 0
	var last []byte
	n := 0
	for _, b := range bufs {
		if len(b) > 0 {
			last = b
			n++
			s.sendLen += uint32(len(b))
		}
	}
	switch n {
	case 0:
		s.flags |= hollow
		l.sent = append(l.sent, id)
		return
	case 1:
		s.sendAddr = uintptr(unsafe.Pointer(unsafe.SliceData(last)))
	default:
		s.gather = l.newGather(bufs)
	}
	l.armSend(id, s)
}

func (l *Loop) newGather(bufs [][]byte) *gather {
	var g *gather
	if n := len(l.spare); n > 0 {
		g = l.spare[n-1]
		l.spare = l.spare[:n-1]
	} else {
		g = new(gather)
	}
	n := 0
	for _, b := range bufs {
		if len(b) > 0 {
			g.iov[n].Base = unsafe.SliceData(b)
			g.iov[n].SetLen(len(b))
			n++
		}
	}
	g.hdr.Iov = &g.iov[0]
	setIovlen(&g.hdr, n)
	return g
}

// advance drops n bytes from the front, after a short send.
func (g *gather) advance(n int) {
	first := 0
	for n >= int(g.iov[first].Len) {
		n -= int(g.iov[first].Len)
		first++
	}
	iov := &g.iov[first]
	iov.Base = (*byte)(unsafe.Add(unsafe.Pointer(iov.Base), n))
	iov.SetLen(int(iov.Len) - n)
	count := copy(g.iov[:], g.iov[first:iovlen(&g.hdr)])
	setIovlen(&g.hdr, count)
}

// dropGather takes the send's vector back; the bytes in it are the caller's again.
func (l *Loop) dropGather(s *slot) {
	if s.gather != nil {
		*s.gather = gather{}
		l.spare = append(l.spare, s.gather)
		s.gather = nil
	}
}

// armSend hands what is left of the send to the kernel.
func (l *Loop) armSend(id uint32, s *slot) {
	e := l.sqe()
	if s.gather != nil {
		e.PrepareSendMsg(int(s.fd), &s.gather.hdr, sendFlags)
	} else {
		e.PrepareSend(int(s.fd), s.sendAddr, s.sendLen-s.sendDone, sendFlags)
	}
	e.UserData = userData(opSend, s.gen, id)
	s.inflight++
}

// sendDone handles a send's completion. A short one is continued: MSG_WAITALL makes
// that rare, not impossible.
func (l *Loop) sendDone(id, gen uint32, c *CQE) {
	s := l.current(id, gen)
	s.inflight--
	if s.flags&closing != 0 {
		l.closeWhenIdle(id, s)
		return
	}
	var err error
	if c.Res >= 0 {
		if s.sendDone += uint32(c.Res); s.sendDone < s.sendLen {
			if s.gather != nil {
				s.gather.advance(int(c.Res))
			} else {
				s.sendAddr += uintptr(c.Res)
			}
			l.armSend(id, s)
			return
		}
	} else {
		err = syscall.Errno(-c.Res)
	}
	l.sendOver(id, s, err)
}

// sendOver reports the end of a send, after the half-close that waited for it.
func (l *Loop) sendOver(id uint32, s *slot, err error) {
	fin := s.flags&finDue != 0
	s.flags &^= sending | hollow | finDue
	l.dropGather(s)
	if fin {
		l.shutdown(s)
	}
	l.ev.Sent(id, int(s.sendDone), err)
}

// CloseWrite half-closes once the send in flight is through.
func (l *Loop) CloseWrite(id uint32) {
	s := l.slot(id)
	if s == nil {
		return
	}
	if s.flags&sending != 0 {
		s.flags |= finDue
		return
	}
	l.shutdown(s)
}

// shutdown half-closes by a plain call: as a request it would need a worker thread.
func (l *Loop) shutdown(s *slot) { _ = unix.Shutdown(int(s.fd), unix.SHUT_WR) }
