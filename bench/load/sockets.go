//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// sockets are WebSockets on one epoll thread. What is done with them is up to a handler.
type sockets struct {
	target  netip.AddrPort
	path    string
	conns   int // that read
	stall   int // more, that never do
	handler handler

	poll    int
	sources *sources
	request []byte
	clients []socket // those that read come first
	started int      // of these: connecting was begun
	open    int      // of these: upgraded, and still there
	upgrade int      // of these: upgraded ever
	buf     []byte
	result  loadresult.Result
}

// A handler is told of the whole frames of connection i. p is valid during the call.
type handler interface {
	frame(i int, first byte, p []byte, now time.Time) error
}

// socket is one connection.
type socket struct {
	fd    int
	state state
	rest  []byte // of a frame, or of the handshake's response, that came in part
}

type state uint8

const (
	connecting state = iota
	upgrading
	ready
	gone
)

const (
	maxMessage = 1 << 16
	openLimit  = time.Minute
)

var errGone = errors.New("every connection is gone")

func newSockets(s *settings, path string, h handler) *sockets {
	return &sockets{target: s.target, path: or(s.path, path), conns: s.conns, stall: s.stall, handler: h}
}

// dial opens all connections, some at a time. Those that are open get their frames meanwhile.
func (w *sockets) dial() (err error) {
	if w.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	w.sources = newSources(w.target)
	w.request = websock.Request(w.target.String(), w.path, false)
	w.buf = make([]byte, 4*maxMessage)
	w.clients = make([]socket, w.conns+w.stall)
	deadline := time.Now().Add(openLimit)
	for w.upgrade < len(w.clients) {
		for w.started < len(w.clients) && w.started-w.upgrade < openers {
			if err := w.connect(w.started); err != nil {
				return err
			}
			w.started++
		}
		if err := w.step(); err != nil {
			return err
		}
		if w.result.Errors > 0 {
			return fmt.Errorf("while connections were opened: %s", w.result.FirstError)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d connections open after %v", w.upgrade, len(w.clients), openLimit)
		}
	}
	w.result.Connections = int64(len(w.clients))
	return nil
}

func (w *sockets) close() {
	for i := range w.clients[:w.started] {
		if c := &w.clients[i]; c.state != gone {
			unix.Close(c.fd)
		}
	}
	if w.poll > 0 {
		unix.Close(w.poll)
	}
}

func (w *sockets) connect(i int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	w.clients[i] = socket{fd: fd}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if i >= w.conns { // the server is to notice soon that nobody reads
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
	}
	if from := w.sources.addr(); from.IsValid() {
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: from.As4()}); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	to := &unix.SockaddrInet4{Port: int(w.target.Port()), Addr: w.target.Addr().As4()}
	if err := unix.Connect(fd, to); err != nil && err != unix.EINPROGRESS {
		return fmt.Errorf("connect: %w", err)
	}
	return w.watch(unix.EPOLL_CTL_ADD, i, unix.EPOLLOUT)
}

func (w *sockets) watch(op, i int, events uint32) error {
	if err := unix.EpollCtl(w.poll, op, w.clients[i].fd, &unix.EpollEvent{Events: events, Fd: int32(i)}); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

const stepWait = 20 // milliseconds, so that whoever steps sees the time

// step handles what is there, or waits a moment for it.
func (w *sockets) step() error {
	var events [256]unix.EpollEvent
	n, err := unix.EpollWait(w.poll, events[:], stepWait)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("epoll: %w", err)
	}
	for _, e := range events[:max(n, 0)] {
		i := int(e.Fd)
		if err := w.event(i); err != nil {
			if err := w.lose(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// lose counts a connection that has come to its end, or should.
func (w *sockets) lose(i int, why error) error {
	c := &w.clients[i]
	unix.Close(c.fd)
	if c.state == ready {
		w.open--
	}
	c.state, c.rest = gone, nil
	w.fault(why)
	if w.open == 0 && w.upgrade == len(w.clients) {
		return fmt.Errorf("%w; the first: %s", errGone, w.result.FirstError)
	}
	return nil
}

// fault counts an error.
func (w *sockets) fault(why error) {
	if w.result.Errors++; w.result.Errors == 1 {
		w.result.FirstError = why.Error()
	}
}

func (w *sockets) event(i int) error {
	c := &w.clients[i]
	if c.state == connecting {
		if code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || code != 0 {
			return fmt.Errorf("connect: %w", errors.Join(err, unix.Errno(code)))
		}
		if err := writeAll(c.fd, w.request); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		c.state = upgrading
		return w.watch(unix.EPOLL_CTL_MOD, i, unix.EPOLLIN)
	}
	have := copy(w.buf, c.rest)
	n, err := unix.Read(c.fd, w.buf[have:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("receive: %w", err)
	case n == 0:
		return io.ErrUnexpectedEOF
	}
	p := w.buf[:have+n]
	if c.state == upgrading {
		head, err := websock.Upgraded(p, false)
		if err != nil {
			return err
		}
		if head > 0 {
			if err := w.upgraded(i); err != nil || i >= w.conns {
				return err
			}
		}
		p = p[head:]
	}
	if c.state == ready {
		w.result.Bytes += int64(n)
		if p, err = w.frames(i, p); err != nil {
			return err
		}
	}
	c.rest = append(c.rest[:0], p...)
	return nil
}

func (w *sockets) upgraded(i int) error {
	w.clients[i].state = ready
	w.open++
	w.upgrade++
	if i >= w.conns {
		return w.watch(unix.EPOLL_CTL_MOD, i, 0) // hears of its end only
	}
	return nil
}

// frames hands over the whole frames in p and returns what is left.
func (w *sockets) frames(i int, p []byte) (rest []byte, err error) {
	now := time.Now()
	for {
		h, ok, err := websock.Parse(p)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return p, nil
		case h.Masked || h.Length > maxMessage:
			return nil, fmt.Errorf("a frame of %d bytes, masked: %v", h.Length, h.Masked)
		case len(p) < h.Size+h.Length:
			return p, nil
		}
		payload := p[h.Size : h.Size+h.Length]
		switch h.Opcode() {
		case websock.Ping:
			err = w.send(i, websock.AppendMasked(nil, websock.Fin|websock.Pong, payload, maskKey))
		case websock.Pong:
		case websock.Close:
			err = fmt.Errorf("closed by the server: %q", payload)
		default:
			err = w.handler.frame(i, h.First, payload, now)
		}
		if err != nil {
			return nil, err
		}
		p = p[h.Size+h.Length:]
	}
}

var maskKey = [4]byte{0x9d, 0x1e, 0xc2, 0x47}

func (w *sockets) send(i int, frame []byte) error {
	if err := writeAll(w.clients[i].fd, frame); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// spin steps until the time has come and, if there is one, the condition holds too; it waits for that a while only.
func (w *sockets) spin(until time.Time, condition func() bool) error {
	const patience = 250 * time.Millisecond
	for {
		if now := time.Now(); now.After(until) && (condition == nil || condition() || now.After(until.Add(patience))) {
			return nil
		}
		if err := w.step(); err != nil {
			return err
		}
	}
}

// hold prints the result and keeps the connections until there is no more input: who measures the server does that
// before it has to close them.
func (w *sockets) hold(in io.Reader, out io.Writer) error {
	if err := w.result.Print(out); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}
