//go:build linux

package ring

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listener is a listening socket that the loop owns.
type listener struct {
	fd    int
	armed bool // a multishot accept is in flight
	quit  bool // StopAccept came: the descriptor is closed when it has ended

	path net.Listener // a unix socket's listener, which removes the file when it is closed; else nil
}

func (ln *listener) close() {
	if ln.fd < 0 {
		return
	}
	_ = unix.Close(ln.fd)
	ln.fd = -1
	if ln.path != nil {
		_ = ln.path.Close()
	}
}

// After a failure accepting rests for so long, doubling from the first to the last.
const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = time.Second
)

// Listen makes the loop accept from ln. The descriptor changes hands: the ring needs a
// socket without O_NONBLOCK, with which it would not wait, and Go's poller must not be
// told of newcomers that it does not serve.
func (l *Loop) Listen(ln net.Listener) error {
	if l.deaf {
		return fmt.Errorf("ring: listen: accepting was stopped: %w", net.ErrClosed)
	}
	sc, ok := ln.(syscall.Conn)
	if !ok {
		return fmt.Errorf("ring: listen: %T has no file descriptor: %w", ln, errors.ErrUnsupported)
	}
	fd, err := blockingDup(sc)
	if err != nil {
		return fmt.Errorf("ring: listen: take over the socket: %w", err)
	}
	// Accepted sockets inherit it, which saves a system call for each. Unix sockets have none.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	owned := &listener{fd: fd}
	if u, ok := ln.(*net.UnixListener); ok {
		owned.path = u // only it knows whether the file is to be removed
	} else {
		_ = ln.Close()
	}
	l.listeners = append(l.listeners, owned)
	if l.ev != nil {
		l.armAccept()
	}
	return nil
}

// blockingDup is a second descriptor of a socket, which loses O_NONBLOCK: that belongs to the
// socket, not to a descriptor.
func blockingDup(sc syscall.Conn) (fd int, err error) {
	raw, err := sc.SyscallConn()
	if err != nil {
		return -1, err
	}
	if cerr := raw.Control(func(sysfd uintptr) {
		fd, err = unix.FcntlInt(sysfd, unix.F_DUPFD_CLOEXEC, 0)
	}); cerr != nil {
		return -1, cerr
	}
	if err != nil {
		return -1, err
	}
	if err = unix.SetNonblock(fd, false); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// armAccept starts what listeners have no accept in flight, unless accepting rests.
func (l *Loop) armAccept() {
	if !l.accepting || l.retryAt != 0 || l.dying {
		return
	}
	for i, ln := range l.listeners {
		if ln.armed || ln.quit {
			continue
		}
		ln.armed = true
		l.inflight++
		e := l.sqe()
		e.PrepareMultishotAccept(ln.fd, 0, 0, unix.SOCK_CLOEXEC)
		e.UserData = userData(opAccept, 0, uint32(i))
	}
}

// PauseAccept stops accepting; the backlog keeps the newcomers.
func (l *Loop) PauseAccept() {
	if l.accepting {
		l.accepting = false
		l.cancelAccept()
	}
}

// ResumeAccept undoes PauseAccept.
func (l *Loop) ResumeAccept() {
	if !l.accepting {
		l.accepting = true
		l.armAccept()
	}
}

func (l *Loop) cancelAccept() {
	for i, ln := range l.listeners {
		if ln.armed {
			e := l.sqe()
			e.PrepareCancel64(userData(opAccept, 0, uint32(i)), 0)
			e.Flags = SQECQESkipSuccess
			e.UserData = userData(opCancelAccept, 0, uint32(i))
		}
	}
}

// StopAccept closes the listeners for good.
func (l *Loop) StopAccept() {
	l.accepting, l.deaf = false, true
	l.cancelAccept()
	for _, ln := range l.listeners {
		if ln.quit {
			continue
		}
		ln.quit = true
		if !ln.armed {
			ln.close()
		}
	}
}

// accepted handles a completion of a multishot accept.
func (l *Loop) accepted(i uint32, c *CQE) {
	ln := l.listeners[i]
	if !c.More() {
		ln.armed = false
		l.inflight--
	}
	switch errno := syscall.Errno(-c.Res); {
	case c.Res >= 0 && (l.dying || ln.quit):
		_ = unix.Close(int(c.Res))
	case c.Res >= 0:
		l.backoff = 0
		l.ev.Opened(l.newSlot(c.Res))
	case errno == unix.ECANCELED, errno == unix.ECONNABORTED, errno == unix.EINTR, errno == unix.EAGAIN:
		// Paused, or a newcomer that did not wait.
	default:
		l.backoff = min(max(2*l.backoff, minBackoff), maxBackoff)
		l.retryAt = l.now + int64(l.backoff)
		l.ev.AcceptFailed(errno)
	}
	if ln.quit && !ln.armed {
		ln.close()
		return
	}
	l.armAccept()
}
