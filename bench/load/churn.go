//go:build linux

package main

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench/internal/histogram"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/response"
)

// churn keeps conns connections busy for d: each opens, makes perConn requests one after the other, closes, and
// starts anew. One thread on epoll, so that it asks about as much of its core as wrk does.
//
// With serverCloses the last request of a connection says Connection: close and the client waits for the server's
// FIN; otherwise the client closes after the last response.
//
// With tls every connection makes a handshake, a full one or, with resume, one with the last ticket that came.
type churn struct {
	target       netip.AddrPort
	path         string
	conns        int
	perConn      int
	serverCloses bool
	duration     time.Duration
	tls, resume  bool

	poll          int
	sources       *sources
	request, last []byte
	clients       []churnClient
	secure        *secureDialer // nil: plaintext
	buf           []byte
	latency       histogram.Histogram
	result        loadresult.Result
}

// churnClient is one slot; the connection in it comes and goes.
type churnClient struct {
	fd       int
	done     int       // responses on this connection
	started  time.Time // of the request under way; of the connect for the first one
	sent     bool      // the request under way was written
	finished bool      // waiting for the server's FIN
	response response.Response
	secure   *secureClient // nil: plaintext
}

func (ch *churn) run() (loadresult.Result, error) {
	var err error
	if ch.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return ch.result, fmt.Errorf("epoll: %w", err)
	}
	defer unix.Close(ch.poll)
	ch.sources = newSources(ch.target)
	ch.request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", ch.path, ch.target)
	ch.last = ch.request
	if ch.serverCloses {
		ch.last = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", ch.path, ch.target)
	}
	if ch.tls {
		if ch.secure, err = newSecureDialer(ch.resume); err != nil {
			return ch.result, err
		}
	}
	ch.buf = make([]byte, 64<<10)
	ch.clients = make([]churnClient, ch.conns)
	start := time.Now()
	for i := range ch.clients {
		if err := ch.open(i); err != nil {
			return ch.result, err
		}
	}
	err = ch.loop(start.Add(ch.duration))
	ch.result.Seconds = time.Since(start).Seconds()
	for i := range ch.clients {
		ch.close(&ch.clients[i])
	}
	ch.result.P50, ch.result.P99, ch.result.P999 = ch.latency.Percentile(50), ch.latency.Percentile(99), ch.latency.Percentile(99.9)
	return ch.result, err
}

func (ch *churn) loop(deadline time.Time) error {
	events := make([]unix.EpollEvent, 256)
	for time.Now().Before(deadline) {
		n, err := unix.EpollWait(ch.poll, events, 100)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll: %w", err)
		}
		for i := range max(n, 0) {
			if err := ch.ready(int(events[i].Fd)); err != nil {
				return err
			}
		}
	}
	return nil
}

// open starts a connection in slot i.
func (ch *churn) open(i int) error {
	c := &ch.clients[i]
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	*c = churnClient{fd: fd, started: time.Now(), response: c.response}
	c.response.Reset()
	if ch.secure != nil {
		c.secure = ch.secure.dial()
	}
	if from := ch.sources.addr(); from.IsValid() {
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: from.As4()}); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	to := &unix.SockaddrInet4{Port: int(ch.target.Port()), Addr: ch.target.Addr().As4()}
	if err := unix.Connect(fd, to); err != nil && err != unix.EINPROGRESS {
		return fmt.Errorf("connect: %w", err)
	}
	ch.result.Connections++
	// Edge-triggered: one registration does for connect, and for every response after it. Fd carries the slot.
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(i)}
	if err := unix.EpollCtl(ch.poll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// ready moves slot i on as far as it goes without waiting. A failed connection is counted and replaced.
func (ch *churn) ready(i int) error {
	c := &ch.clients[i]
	for {
		if !c.sent {
			switch err := ch.send(c); err {
			case nil:
			case unix.EAGAIN, unix.ENOTCONN:
				return nil // connect is under way
			case errUnderWay:
			default:
				return ch.fail(i, fmt.Errorf("send: %w", err))
			}
		}
		n, err := unix.Read(c.fd, ch.buf)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err != nil:
			return ch.fail(i, fmt.Errorf("receive: %w", err))
		case n == 0 && !c.finished:
			return ch.fail(i, io.ErrUnexpectedEOF)
		case n == 0:
			return ch.reopen(i)
		}
		ch.result.Bytes += int64(n)
		done, err := ch.feed(c, ch.buf[:n])
		if err != nil {
			if err == response.ErrStatus {
				ch.result.Status++
			}
			return ch.fail(i, err)
		}
		if done && ch.answered(c) {
			return ch.reopen(i)
		}
	}
}

// answered accounts for a response and reports whether the client should close now.
func (ch *churn) answered(c *churnClient) bool {
	now := time.Now()
	ch.latency.Record(now.Sub(c.started))
	ch.result.Requests++
	c.done++
	c.response.Reset()
	if c.done == ch.perConn {
		c.finished = true
		return !ch.serverCloses
	}
	c.started, c.sent = now, false
	return false
}

func (ch *churn) send(c *churnClient) error {
	request := ch.request
	if c.done == ch.perConn-1 {
		request = ch.last
	}
	var err error
	if c.secure != nil {
		err = c.secure.send(c.fd, request)
	} else {
		err = writeAll(c.fd, request)
	}
	c.sent = err == nil
	return err
}

// feed takes received bytes and reports whether the response is complete.
func (ch *churn) feed(c *churnClient, p []byte) (done bool, err error) {
	if c.secure != nil {
		return c.secure.feed(c, p)
	}
	return c.response.Feed(p)
}

func (ch *churn) close(c *churnClient) {
	if c.secure != nil {
		c.secure.close(c.fd)
	}
	unix.Close(c.fd)
}

func writeAll(fd int, p []byte) error {
	n, err := unix.Write(fd, p)
	if err == nil && n != len(p) {
		err = unix.EMSGSIZE // a request fits any socket buffer, and so does what a handshake sends
	}
	return err
}

const maxErrors = 1000

func (ch *churn) fail(i int, why error) error {
	if ch.result.Errors++; ch.result.Errors == 1 {
		ch.result.FirstError = why.Error()
	}
	if ch.result.Errors > maxErrors {
		return fmt.Errorf("gave up after %s", ch.result.Problem())
	}
	return ch.reopen(i)
}

func (ch *churn) reopen(i int) error {
	ch.close(&ch.clients[i])
	return ch.open(i)
}
