//go:build linux

package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench/internal/fixed"
	"github.com/ringwire/ringwire/ring"
)

// Sizes. The rings are cycled through entry by entry, buffers included, so small ones stay in the cache.
const (
	sqEntries  = 256
	cqEntries  = 4096
	buffers    = 256
	bufferSize = 2048
	group      = 0
)

// user_data is the operation above the descriptor. A descriptor is closed only with nothing in flight on it, so no
// generation is needed.
const (
	opAccept = iota
	opReceive
	opSend
	opShift = 32
)

// loop is one ring with everything that hangs on it.
type loop struct {
	ring     *ring.Ring
	bufs     *ring.BufRing
	listener int
	ws       bool   // speaks WebSocket
	conns    []conn // by descriptor
	dirty    []int32
}

// conn is the state of one connection.
type conn struct {
	owed    uint32 // responses not yet handed to the kernel
	sending uint32 // bytes of the send in flight
	stream  matcher
	dirty   bool    // in loop.dirty
	ended   bool    // nothing more will be received
	frames  *stream // of a WebSocket, else nil
}

// serve runs a loop on its thread, until something breaks.
func serve(listener int, ws bool) error {
	r, err := ring.New(ring.Config{Entries: sqEntries, CQEntries: cqEntries})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.RegisterRingFD(); err != nil {
		return err
	}
	bufs, err := r.NewBufRing(ring.BufRingConfig{Group: group, Entries: buffers, Size: bufferSize, Populate: true})
	if err != nil {
		return err
	}
	defer bufs.Close()
	l := &loop{ring: r, bufs: bufs, listener: listener, ws: ws}
	l.accept()
	for {
		if err := l.enter(); err != nil {
			return err
		}
		if err := l.turn(); err != nil {
			return err
		}
	}
}

// enter hands over the turn's entries. Under load completions are ready at once and a raw call, which the scheduler
// does not see, is enough; else it waits.
func (l *loop) enter() error {
	if l.ring.Unsubmitted() > 0 {
		if _, err := l.ring.SubmitRaw(); err != nil && err != unix.EINTR && err != unix.EBUSY && err != unix.EAGAIN {
			return fmt.Errorf("submit: %w", err)
		}
	}
	if l.ring.Ready() > 0 {
		return nil
	}
	if _, err := l.ring.SubmitAndWait(1); err != nil {
		return fmt.Errorf("wait: %w", err)
	}
	return nil
}

// turn handles every completion, then answers every connection that got requests with one send.
func (l *loop) turn() error {
	for n := l.ring.Ready(); n > 0; n = l.ring.Ready() {
		for i := range n {
			cqe := l.ring.CQEAt(i)
			fd := int32(cqe.UserData)
			switch cqe.UserData >> opShift {
			case opReceive:
				l.received(fd, cqe)
			case opSend:
				l.sent(fd, cqe.Res)
			case opAccept:
				if err := l.accepted(cqe); err != nil {
					return err
				}
			}
		}
		l.ring.Advance(n)
	}
	for _, fd := range l.dirty {
		l.flush(fd)
	}
	l.dirty = l.dirty[:0]
	l.bufs.Publish()
	return nil
}

func (l *loop) accept() {
	sqe := l.sqe()
	sqe.PrepareMultishotAccept(l.listener, 0, 0, unix.SOCK_CLOEXEC)
	sqe.UserData = opAccept << opShift
}

func (l *loop) accepted(cqe *ring.CQE) error {
	if !cqe.More() {
		l.accept()
	}
	if cqe.Res < 0 {
		return fmt.Errorf("accept: %w", unix.Errno(-cqe.Res))
	}
	fd := cqe.Res
	for int(fd) >= len(l.conns) {
		l.conns = append(l.conns, make([]conn, 256)...)
	}
	l.conns[fd] = conn{}
	if l.ws {
		l.conns[fd].frames = new(stream)
	}
	l.receive(fd)
	return nil
}

func (l *loop) receive(fd int32) {
	sqe := l.sqe()
	sqe.PrepareRecvMultishot(int(fd), 0, 0, 0)
	sqe.SetBufferGroup(group)
	sqe.UserData = opReceive<<opShift | uint64(fd)
}

func (l *loop) received(fd int32, cqe *ring.CQE) {
	c := &l.conns[fd]
	if cqe.HasBuffer() {
		if p := l.bufs.Take(cqe); c.frames == nil {
			c.owed += uint32(c.stream.count(p))
		} else {
			c.frames.feed(p)
		}
		l.bufs.Recycle(cqe.BufferID())
	}
	if !cqe.More() {
		if cqe.Res > 0 || cqe.Res == -int32(unix.ENOBUFS) {
			l.receive(fd) // submitted after the turn's buffers have come home
		} else {
			c.ended = true
		}
	}
	l.mark(fd, c)
}

func (l *loop) sent(fd int32, res int32) {
	c := &l.conns[fd]
	if res != int32(c.sending) { // only an error ends a MSG_WAITALL send early
		c.drop()
		if !c.ended {
			unix.Shutdown(int(fd), unix.SHUT_RDWR) // ends the receive
		}
	}
	c.sending = 0
	if c.owes() || c.ended {
		l.mark(fd, c)
	}
}

func (l *loop) mark(fd int32, c *conn) {
	if !c.dirty {
		c.dirty = true
		l.dirty = append(l.dirty, fd)
	}
}

// owes reports whether there is something to send.
func (c *conn) owes() bool { return c.owed > 0 || c.frames != nil && len(c.frames.out) > 0 }

// take is what to send now: it stays until the send has ended.
func (c *conn) take() []byte {
	if c.frames != nil {
		return c.frames.take()
	}
	out := fixed.Responses(int(c.owed))
	c.owed -= uint32(len(out) / len(fixed.Response))
	return out
}

// drop forgets what a broken connection is owed.
func (c *conn) drop() {
	c.owed = 0
	if c.frames != nil {
		c.frames.out, c.frames.broken = nil, true
	}
}

// flush sends what fd is owed, or closes it when it has ended and is owed nothing.
func (l *loop) flush(fd int32) {
	c := &l.conns[fd]
	c.dirty = false
	switch {
	case c.sending > 0:
	case c.owes():
		out := c.take()
		c.sending = uint32(len(out))
		sqe := l.sqe()
		sqe.PrepareSend(int(fd), uintptr(unsafe.Pointer(&out[0])), c.sending, unix.MSG_WAITALL|unix.MSG_NOSIGNAL)
		sqe.UserData = opSend<<opShift | uint64(fd)
	case c.ended:
		sqe := l.sqe()
		sqe.PrepareClose(int(fd))
		sqe.Flags = ring.SQECQESkipSuccess
		sqe.UserData = closeData
	}
}

// closeData marks the completion of a close, which comes only on failure and is ignored.
const closeData = uint64(0xff) << opShift

// sqe is the next free entry; a full queue is handed over first.
func (l *loop) sqe() *ring.SQE {
	for {
		if sqe := l.ring.GetSQE(); sqe != nil {
			return sqe
		}
		l.ring.Submit()
	}
}
