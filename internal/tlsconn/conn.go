// Package tlsconn puts a tls.Session on a blocking connection, for tests and for programs
// that test: it shows what the session does, one goroutine at a time, without a loop.
package tlsconn

import (
	"bytes"
	"errors"
	"io"
	"net"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// Conn is one connection. It is for one goroutine.
type Conn struct {
	Session *tls.Session
	Chunk   int // bytes received at a time, 0 is a few KiB

	raw   net.Conn
	alloc *mem.Allocator
	out   mem.Writer
	in    []byte // received, not yet used
	plain []byte // opened, not yet read
	done  bool   // the peer's close_notify has come
	wake  chan struct{}
}

// Server is the accepting side on raw. It takes raw over.
func Server(raw net.Conn, e *tls.Engine) *Conn {
	return newConn(raw, func(a *mem.Allocator) *tls.Session { return e.NewLoop(a).Accept() })
}

// Client is the side that asks for a server of that name. It takes raw over.
func Client(raw net.Conn, e *tls.Engine, serverName string) *Conn {
	return newConn(raw, func(a *mem.Allocator) *tls.Session { return e.NewLoop(a).Dial(serverName) })
}

func newConn(raw net.Conn, session func(*mem.Allocator) *tls.Session) *Conn {
	c := &Conn{raw: raw, alloc: mem.NewAllocator(mem.Config{}), wake: make(chan struct{}, 1)}
	c.Session = session(c.alloc)
	c.Session.SetWake(func() { c.wake <- struct{}{} })
	c.out.Init(c.alloc, 4<<10)
	return c
}

// Handshake runs to its end, or to its failure: the alert has been sent then.
func (c *Conn) Handshake() error {
	for {
		used, state, err := c.Session.Step(c.in, &c.out)
		c.in = c.in[used:]
		sent := c.flush()
		switch {
		case err != nil:
			return err
		case sent != nil:
			return sent
		case state == tls.Ready:
			return nil
		case state == tls.Waiting:
			<-c.wake
			continue
		}
		if err := c.receive(); err != nil {
			return err
		}
	}
}

// Read reads plaintext. io.EOF is the peer's close_notify, tls.ErrTruncated an end without.
func (c *Conn) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if c.done {
			return 0, io.EOF
		}
		if err := c.open(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// open opens one record, or receives.
func (c *Conn) open() error {
	n, _ := c.Session.Frame(c.in)
	if n == 0 {
		err := c.receive()
		if err == io.EOF {
			err = c.Session.End()
		}
		return err
	}
	v, err := c.Session.Open(c.in[:n])
	c.in = c.in[n:]
	c.plain, c.done = bytes.Clone(v.Data), v.Kind == tls.CloseNotify
	return errors.Join(err, c.flush())
}

// Write sends p in records.
func (c *Conn) Write(p []byte) (int, error) {
	var from mem.Segments
	from.Init(c.alloc)
	from.AppendCopy(p)
	n := c.Session.Encrypt(&c.out, &from, len(p))
	from.Release()
	if err := c.flush(); err != nil {
		return n, err
	}
	if n < len(p) {
		return n, tls.ErrClosed
	}
	return n, nil
}

// CloseWrite sends close_notify, and FIN.
func (c *Conn) CloseWrite() error {
	c.Session.Close(&c.out)
	err := c.flush()
	if half, ok := c.raw.(interface{ CloseWrite() error }); ok {
		return errors.Join(err, half.CloseWrite())
	}
	return err
}

// Linger ends the sending, and throws away what the peer sends until its end: closing at
// once could have a reset overtake an alert.
func (c *Conn) Linger() {
	if half, ok := c.raw.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, c.raw)
}

// Close ends everything, and reports memory that did not come home.
func (c *Conn) Close() error {
	c.Session.Abort()
	c.out.Release()
	return errors.Join(c.raw.Close(), c.alloc.Close())
}

func (c *Conn) flush() error {
	for c.Session.Owes() {
		c.Session.Pending(&c.out)
	}
	_, err := c.out.Segments().WriteTo(c.raw)
	c.out.Release() // what could not be sent
	return err
}

func (c *Conn) receive() error {
	size := c.Chunk
	if size == 0 {
		size = 4 << 10
	}
	buf := make([]byte, size)
	n, err := c.raw.Read(buf)
	c.in = append(c.in, buf[:n]...)
	if n > 0 {
		return nil
	}
	return err
}
