//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"golang.org/x/sys/unix"
)

// conn is a connection after its handshake.
type conn struct {
	net.Conn
	deflate    bool
	subscriber bool // of the feed, which writes to it
}

// loop waits for its connections and answers their messages.
type loop struct {
	epoll   int
	in      *bufio.Reader
	out     *bufio.Writer
	payload []byte // of the frame at hand

	mu    sync.Mutex
	conns map[int32]*conn // by descriptor
}

const (
	bufferSize = 4096
	maxPayload = 1 << 20
)

func newLoop() (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &loop{epoll: fd, conns: map[int32]*conn{}, in: bufio.NewReaderSize(nil, bufferSize), out: bufio.NewWriterSize(nil, bufferSize)}, nil
}

func (l *loop) add(c *conn) error {
	fd, err := descriptor(c.Conn)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.conns[fd] = c
	l.mu.Unlock()
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: fd})
}

func descriptor(c net.Conn) (fd int32, err error) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Control(func(n uintptr) { fd = int32(n) })
	return fd, err
}

// run serves until the process ends. left is told of connections that have.
func (l *loop) run(left func(*conn)) {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(l.epoll, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			slog.Error("epoll", "err", err)
			return
		}
		for _, e := range events[:max(n, 0)] {
			l.mu.Lock()
			c := l.conns[e.Fd]
			l.mu.Unlock()
			if err := l.ready(c); err == nil {
				continue
			}
			l.mu.Lock()
			delete(l.conns, e.Fd) // before the descriptor is free for another
			l.mu.Unlock()
			left(c)
		}
	}
}

// ready answers what has come, with one write.
func (l *loop) ready(c *conn) error {
	l.in.Reset(c)
	l.out.Reset(c)
	for {
		f, err := l.read()
		if err != nil {
			return err
		}
		if err := l.answer(c, f); err != nil {
			return err
		}
		if l.in.Buffered() == 0 {
			return l.out.Flush()
		}
	}
}

// read is the next frame, unmasked. It is valid until the call after.
func (l *loop) read() (ws.Frame, error) {
	h, err := ws.ReadHeader(l.in)
	if err != nil {
		return ws.Frame{}, err
	}
	if h.Length > maxPayload {
		return ws.Frame{}, ws.ErrHeaderLengthUnexpected
	}
	l.payload = slices.Grow(l.payload[:0], int(h.Length))[:h.Length]
	_, err = io.ReadFull(l.in, l.payload)
	return ws.UnmaskFrameInPlace(ws.Frame{Header: h, Payload: l.payload}), err
}

func (l *loop) answer(c *conn, f ws.Frame) error {
	switch f.Header.OpCode {
	case ws.OpPing:
		return ws.WriteFrame(l.out, ws.NewPongFrame(f.Payload))
	case ws.OpPong:
		return nil
	case ws.OpClose:
		_ = ws.WriteFrame(l.out, ws.NewCloseFrame(f.Payload))
		_ = l.out.Flush()
		return net.ErrClosed
	}
	if c.subscriber {
		return nil
	}
	var err error
	compressed := false
	if c.deflate {
		if compressed, err = wsflate.IsCompressed(f.Header); err != nil {
			return err
		}
	}
	if compressed {
		if f, err = wsflate.DecompressFrame(f); err != nil {
			return err
		}
	}
	f.Header.Masked = false
	if compressed {
		if f, err = wsflate.CompressFrame(f); err != nil {
			return err
		}
	}
	return ws.WriteFrame(l.out, f)
}
