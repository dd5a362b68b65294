package websock

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Conn is a blocking client for checks: slow, simple and strict.
type Conn struct {
	net.Conn
	in *bufio.Reader
}

// Dial connects and upgrades. Everything on the connection has to be over after limit.
func Dial(addr, path string, deflate bool, limit time.Duration) (*Conn, error) {
	raw, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		return nil, err
	}
	c, err := Upgrade(raw, addr, path, deflate, limit)
	if err != nil {
		raw.Close()
	}
	return c, err
}

// Upgrade makes a connection a WebSocket. It is the caller's to close, also after an error.
func Upgrade(raw net.Conn, host, path string, deflate bool, limit time.Duration) (*Conn, error) {
	if err := raw.SetDeadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	if _, err := raw.Write(Request(host, path, deflate)); err != nil {
		return nil, err
	}
	c := &Conn{raw, bufio.NewReaderSize(raw, HeadLimit)}
	if err := c.upgraded(deflate); err != nil {
		return nil, err
	}
	return c, nil
}

// upgraded reads the response's head.
func (c *Conn) upgraded(deflate bool) error {
	for want := 1; ; {
		p, err := c.in.Peek(want)
		if err != nil {
			return fmt.Errorf("handshake: %w after %.60q", err, p)
		}
		p, _ = c.in.Peek(c.in.Buffered())
		n, err := Upgraded(p, deflate)
		if n > 0 || err != nil {
			c.in.Discard(n)
			return err
		}
		want = len(p) + 1
	}
}

// Send sends a frame.
func (c *Conn) Send(first byte, p []byte) error {
	_, err := c.Write(AppendMasked(nil, first, p, [4]byte{0xa5, 0x01, 0x7e, 0xc3}))
	return err
}

// Receive reads a frame.
func (c *Conn) Receive() (first byte, p []byte, err error) {
	for have := 2; ; have++ {
		head, err := c.in.Peek(have)
		if err != nil {
			return 0, nil, err
		}
		h, ok, err := Parse(head)
		if err != nil {
			return 0, nil, err
		}
		if !ok {
			continue
		}
		if h.Masked {
			return 0, nil, errors.New("a masked frame from a server") // RFC 6455 §5.1
		}
		c.in.Discard(h.Size)
		p = make([]byte, h.Length)
		_, err = io.ReadFull(c.in, p)
		return h.First, p, err
	}
}
