//go:build linux

package ring

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Adopt takes over a connected socket: a *net.TCPConn, or a *net.UnixConn that is a stream. As
// with Listen the loop goes on with a blocking descriptor of its own, and nc is closed, which
// takes the socket out of Go's poller. For a moment there are two descriptors.
func (l *Loop) Adopt(nc net.Conn) (id uint32, err error) {
	if l.ev == nil || l.dying || l.broken != nil {
		return 0, fmt.Errorf("ring: adopt: the loop does not run: %w", net.ErrClosed)
	}
	sc, ok := streamSocket(nc)
	if !ok {
		return 0, fmt.Errorf("ring: adopt: %T is no plain stream socket: %w", nc, errors.ErrUnsupported)
	}
	fd, err := blockingDup(sc)
	if err != nil {
		return 0, fmt.Errorf("ring: adopt: take over the socket: %w", err)
	}
	_ = nc.Close()
	return l.newSlot(int32(fd)), nil
}

// streamSocket asks for the type exactly: one that embeds it may have a Read of its own.
func streamSocket(nc net.Conn) (sc syscall.Conn, ok bool) {
	switch nc := nc.(type) {
	case *net.TCPConn:
		return nc, nc != nil
	case *net.UnixConn:
		return nc, nc != nil && nc.LocalAddr() != nil && nc.LocalAddr().Network() == "unix"
	}
	return nil, false
}
