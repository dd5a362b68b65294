//go:build linux

package ring

import "golang.org/x/sys/unix"

// streamChunks are the sizes that a self-test sends, one after another: single
// bytes, exact buffers, pieces that straddle them and the end of the ring, and
// more than the whole group holds, so that the receive must run dry.
var streamChunks = [...]int{1, 64, 63, 65, 128, 500, 3, 1500, 512, 7, 300, 1200, 64, 64, 1, 2000}

// stream is one self-test of receiving: bytes sent through one end of a
// connection come out of the other in order, whatever the buffers.
type stream struct {
	*tester
	what      string
	ioprio    uint16
	data      []byte   // what is sent
	sent, got int      // bytes
	sending   bool     // a send is in flight
	armed     bool     // the receive is
	dry       int      // times that it ran out of buffers
	used      []uint16 // buffers to recycle
	views     []View
}

// stream runs the chunks over the connection, and cancels the receive at the end.
func (t *tester) stream(what string, cfg BufRingConfig, ioprio uint16) error {
	if err := t.provide(cfg); err != nil {
		return err
	}
	s := &stream{tester: t, what: what, ioprio: ioprio}
	for _, n := range streamChunks {
		for range n {
			s.data = append(s.data, byte(len(s.data)*167>>3))
		}
	}
	for _, n := range streamChunks {
		if err := s.chunk(n); err != nil {
			return err
		}
	}
	if s.dry == 0 {
		return misbehaves(what, "more bytes than buffers, and it never ran dry")
	}
	if !s.armed {
		return nil
	}
	return t.ended(what, tagRecv, func(e *SQE) { e.PrepareCancelFd(t.server[0], AsyncCancelAll) }, 1)
}

// chunk sends n bytes and returns when they arrived.
func (s *stream) chunk(n int) error {
	addr := uintptr(sliceAddr(s.data)) + uintptr(s.sent)
	s.entry(func(e *SQE) { e.PrepareSend(s.client[0], addr, uint32(n), unix.MSG_WAITALL|unix.MSG_NOSIGNAL) }, tagSend)
	s.sending = true
	s.sent += n
	for s.got < s.sent || s.sending {
		if !s.armed {
			s.armRecv(s.ioprio)
			s.armed = true
		}
		err := s.drain(s.what, func(c *CQE) error { return s.complete(c, n) })
		if err != nil {
			return err
		}
		// Only now: the whole batch must have found its buffers untouched.
		for _, id := range s.used {
			s.bufs.Recycle(id)
		}
		s.bufs.Publish()
		s.used = s.used[:0]
	}
	return nil
}

// complete takes one completion; n is what the send should report.
func (s *stream) complete(c *CQE, n int) error {
	switch {
	case c.UserData == tagSend && int(c.Res) != n:
		return misbehaves(s.what, "send: result %d of %d", c.Res, n)
	case c.UserData == tagSend:
		s.sending = false
		return nil
	case c.UserData != tagRecv:
		return misbehaves(s.what, "stray completion %+v", *c)
	}
	s.armed = c.More()
	if c.Res == -int32(unix.ENOBUFS) {
		if s.dry++; c.More() {
			return misbehaves(s.what, "armed after ENOBUFS, flags %#x", c.Flags)
		}
		return nil
	}
	if c.Res <= 0 || !c.HasBuffer() {
		return misbehaves(s.what, "receive: result %d, flags %#x", c.Res, c.Flags)
	}
	if !c.More() {
		s.dry++ // a bundle that took the last buffer ends so, without ENOBUFS
	}
	return s.take(c)
}

// take compares the bytes of a receive with what was sent.
func (s *stream) take(c *CQE) error {
	if s.ioprio&RecvsendBundle != 0 {
		s.views = s.bufs.TakeBundle(c, s.views[:0])
		for _, v := range s.views {
			s.used = append(s.used, v.ID)
			if err := s.compare(v.Data); err != nil {
				return err
			}
		}
		return nil
	}
	p := s.bufs.Take(c)
	if !c.BufMore() {
		s.used = append(s.used, c.BufferID())
	}
	return s.compare(p)
}

func (s *stream) compare(p []byte) error {
	for i, x := range p {
		if at := s.got + i; at >= s.sent || x != s.data[at] {
			return misbehaves(s.what, "byte %d of %d is wrong or out of order", at, s.sent)
		}
	}
	s.got += len(p)
	return nil
}
