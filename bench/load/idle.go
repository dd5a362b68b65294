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
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// idle opens conns connections, makes one request on each, and leaves them open. With ws it upgrades them, with
// deflate to compression, and pings once.
type idle struct {
	target      netip.AddrPort
	path        string
	conns       int
	tls         bool
	ws, deflate bool
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
	if id.ws {
		err = id.ping(c)
	} else {
		err = id.ask(c)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, c.SetDeadline(time.Time{})
}

// ask makes an HTTP request.
func (id *idle) ask(c net.Conn) error {
	c.SetDeadline(time.Now().Add(idleLimit))
	talk := c
	if id.tls {
		// It goes with this call: what is held is the connection. The peer cannot tell.
		talk = tls.Client(c, secret.Client())
	}
	if _, err := fmt.Fprintf(talk, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", id.path, id.target); err != nil {
		return err
	}
	var r response.Response
	buf := make([]byte, 4096)
	for done := false; !done; {
		n, err := talk.Read(buf)
		if err == nil {
			done, err = r.Feed(buf[:n])
		}
		if err != nil {
			return fmt.Errorf("first request: %w", err)
		}
	}
	return nil
}

// ping upgrades and pings. What is read with goes with this call.
func (id *idle) ping(c net.Conn) error {
	w, err := websock.Upgrade(c, id.target.String(), id.path, id.deflate, idleLimit)
	if err != nil {
		return err
	}
	if err := w.Send(websock.Fin|websock.Ping, nil); err != nil {
		return err
	}
	first, _, err := w.Receive()
	if err == nil && first != websock.Fin|websock.Pong {
		err = fmt.Errorf("a ping is answered with first byte %#x", first)
	}
	return err
}

// alive counts the connections that the server has not closed: a read would have to wait, or find a ping.
func alive(conns []net.Conn) (n int) {
	const ping = websock.Fin | websock.Ping
	buf := make([]byte, 1)
	for _, c := range conns {
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			continue
		}
		raw.Control(func(fd uintptr) {
			got, _, err := unix.Recvfrom(int(fd), buf, unix.MSG_PEEK|unix.MSG_DONTWAIT)
			if err == unix.EAGAIN || got == 1 && buf[0] == ping {
				n++
			}
		})
	}
	return n
}
