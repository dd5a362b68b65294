//go:build linux

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/response"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// idle opens conns connections, makes one request on each, and leaves them open.
type idle struct {
	target netip.AddrPort
	path   string
	conns  int
	tls    bool
}

const (
	openers   = 64 // connections being opened at once: less than any listen backlog
	idleLimit = 10 * time.Second
)

// run opens the connections, prints the result, waits until hold is exhausted, and prints how many are still open.
func (id *idle) run(hold io.Reader, out io.Writer) (loadresult.Result, error) {
	start := time.Now()
	open, err := id.open()
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	if err != nil {
		return loadresult.Result{}, err
	}
	result := loadresult.Result{Requests: int64(len(open)), Connections: int64(len(open)), Seconds: time.Since(start).Seconds()}
	if err := result.Print(out); err != nil {
		return result, err
	}
	if _, err := io.Copy(io.Discard, hold); err != nil {
		return result, err
	}
	result.Alive = int64(alive(open))
	return result, nil
}

func (id *idle) open() ([]net.Conn, error) {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex // guards what follows
		conns  []net.Conn
		left   = id.conns
		from   = newSources(id.target)
		failed error
	)
	for range min(openers, id.conns) {
		wg.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			for left > 0 && failed == nil {
				left--
				dialer := from.dialer()
				mu.Unlock()
				c, err := id.one(dialer)
				mu.Lock()
				if err != nil {
					failed = err
				} else {
					conns = append(conns, c)
				}
			}
		})
	}
	wg.Wait()
	return conns, failed
}

// one opens a connection and makes its request.
func (id *idle) one(dialer *net.Dialer) (net.Conn, error) {
	c, err := dialer.Dial("tcp4", id.target.String())
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(idleLimit))
	talk := c
	if id.tls {
		// It goes with this call: what is held is the connection. The peer cannot tell.
		talk = tls.Client(c, secret.Client())
	}
	if _, err := fmt.Fprintf(talk, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", id.path, id.target); err != nil {
		c.Close()
		return nil, err
	}
	var r response.Response
	buf := make([]byte, 4096)
	for done := false; !done; {
		n, err := talk.Read(buf)
		if err == nil {
			done, err = r.Feed(buf[:n])
		}
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("first request: %w", err)
		}
	}
	return c, c.SetDeadline(time.Time{})
}

// alive counts the connections that the server has not closed: a read would have to wait.
func alive(conns []net.Conn) (n int) {
	buf := make([]byte, 1)
	for _, c := range conns {
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			continue
		}
		raw.Control(func(fd uintptr) {
			if _, _, err := unix.Recvfrom(int(fd), buf, unix.MSG_PEEK|unix.MSG_DONTWAIT); err == unix.EAGAIN {
				n++
			}
		})
	}
	return n
}
