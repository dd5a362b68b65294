//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench/internal/response"
)

// client is one keep-alive connection. It has one shot under way at a time.
type client struct {
	fd   int
	shot *shot         // nil when idle
	at   time.Duration // that the shot was meant for
	got  int           // responses to it
	buf  []byte
	n    int // bytes in buf
}

const (
	responseRoom = 32 << 10         // for the responses to a batch
	dialLimit    = 10 * time.Second // a loopback connect that takes longer will not come
)

// dial opens the connection.
func (c *client) dial(target netip.AddrPort) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	limit := unix.NsecToTimeval(dialLimit.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit), // holds for connect, too
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		connect(fd, &unix.SockaddrInet4{Port: int(target.Port()), Addr: target.Addr().As4()}),
		unix.SetNonblock(fd, true),
	)
	if err != nil {
		unix.Close(fd)
		return fmt.Errorf("connect to %v: %w", target, err)
	}
	if c.buf == nil {
		c.buf = make([]byte, responseRoom)
	}
	c.fd, c.shot, c.got, c.n = fd, nil, 0, 0
	return nil
}

// connect waits on when a signal came: the runtime sends them to itself, and a connect with a
// time limit is not restarted (signal(7)). Linux takes a second call as waiting for the first.
func connect(fd int, to unix.Sockaddr) error {
	for {
		if err := unix.Connect(fd, to); err != unix.EINTR {
			return err
		}
	}
}

// send begins a shot that was meant for a time.
func (c *client) send(s *shot, at time.Duration) error {
	c.shot, c.at, c.got = s, at, 0
	n, err := unix.Write(c.fd, s.send)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if n != len(s.send) {
		return fmt.Errorf("write: %d of %d bytes", n, len(s.send)) // a batch fits any socket buffer
	}
	return nil
}

var (
	errClosed   = errors.New("the server closed a keep-alive connection")
	errUnasked  = errors.New("bytes that belong to no request")
	errTooLarge = errors.New("responses that are larger than they can be")
)

// receive reads what has come. It returns how many responses are complete with it.
func (c *client) receive() (responses int, err error) {
	if c.n == len(c.buf) {
		return 0, errTooLarge
	}
	n, err := unix.Read(c.fd, c.buf[c.n:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read: %w", err)
	case n == 0:
		return 0, errClosed
	case c.shot == nil:
		return 0, errUnasked
	}
	c.n += n
	return c.take()
}

// take checks the responses at the head of the buffer, and ends the shot with its last one.
func (c *client) take() (responses int, err error) {
	rest := c.buf[:c.n]
	for c.got < len(c.shot.want) {
		size, body, err := response.Cut(rest)
		if err != nil {
			return responses, fmt.Errorf("response %d to %.60q: %w: %.200q", c.got+1, c.shot.send, err, rest)
		}
		if size == 0 {
			break
		}
		if string(body) != c.shot.want[c.got] {
			return responses, fmt.Errorf("response %d to %.60q: body %.60q, want %q", c.got+1, c.shot.send, body, c.shot.want[c.got])
		}
		rest = rest[size:]
		c.got++
		responses++
	}
	c.n = copy(c.buf, rest)
	if c.got == len(c.shot.want) {
		if c.n > 0 {
			return responses, errUnasked
		}
		c.shot = nil
	}
	return responses, nil
}
