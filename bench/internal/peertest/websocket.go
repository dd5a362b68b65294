package peertest

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// WebSocket checks what every server of the WebSocket profiles does: echo, feed, and compression where it is offered.
func WebSocket(t *testing.T, addr string) {
	Echo(t, addr)
	Feed(t, addr)
	t.Run("deflate", func(t *testing.T) { deflated(t, addr) })
	t.Run("ordinary request", func(t *testing.T) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(limit))
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", websock.EchoPath, addr)
		if answer, _ := io.ReadAll(c); !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
			t.Errorf("without an upgrade: %.60q", answer)
		}
	})
}

// Echo checks the echo of messages of all lengths of length, of many at once, of pieces, and of a ping. None is empty:
// nbio does not tell of such.
func Echo(t *testing.T, addr string) {
	for _, n := range []int{1, 64, 125, 126, 1024, 1500, 5000, 65535, 65536} {
		t.Run(fmt.Sprintf("echo of %d", n), func(t *testing.T) {
			c := upgraded(t, addr, websock.EchoPath, false)
			for i := range 3 {
				echoed(t, c, pattern(n, byte(i)))
			}
		})
	}
	t.Run("echo of many", func(t *testing.T) {
		c := upgraded(t, addr, websock.EchoPath, false)
		const many = 100
		var out []byte
		for i := 1; i < many; i++ {
			out = websock.AppendMasked(out, websock.Fin|websock.Binary, pattern(i, byte(i)), [4]byte{byte(i), 7, 8, 9})
		}
		for _, piece := range [][]byte{out[:len(out)/3], out[len(out)/3:]} {
			c.Write(piece)
			time.Sleep(20 * time.Millisecond) // so that the pieces arrive as two reads, and cut a frame
		}
		for i := 1; i < many; i++ {
			received(t, c, websock.Fin|websock.Binary, pattern(i, byte(i)))
		}
	})
	t.Run("echo of bytes", func(t *testing.T) {
		c := upgraded(t, addr, websock.EchoPath, false)
		for _, b := range websock.AppendMasked(nil, websock.Fin|websock.Binary, pattern(130, 1), [4]byte{1, 2, 3, 4}) {
			c.Write([]byte{b})
			time.Sleep(50 * time.Microsecond)
		}
		received(t, c, websock.Fin|websock.Binary, pattern(130, 1))
	})
	t.Run("ping", func(t *testing.T) {
		c := upgraded(t, addr, websock.EchoPath, false)
		c.Send(websock.Fin|websock.Ping, []byte("hello"))
		received(t, c, websock.Fin|websock.Pong, []byte("hello"))
		echoed(t, c, pattern(10, 0))
	})
}

// Feed checks that every subscriber gets every payload in order, also when others leave without a word.
func Feed(t *testing.T, addr string) {
	t.Run("feed", func(t *testing.T) {
		const subscribers, frames = 5, 6
		var list []*websock.Conn
		for range subscribers {
			list = append(list, upgraded(t, addr, websock.FeedPath, false))
		}
		for i, c := range list {
			var last uint64
			for n := range frames {
				first, p, err := c.Receive()
				if err != nil {
					t.Fatal(err)
				}
				seq, at, ok := feed.Parse(p)
				if !ok || first != websock.Fin|websock.Binary || n > 0 && seq != last+1 {
					t.Fatalf("subscriber %d, frame %d: first byte %#x, %d bytes, number %d after %d", i, n, first, len(p), seq, last)
				}
				if age := time.Since(time.Unix(0, at)); age < 0 || age > limit {
					t.Errorf("a payload %v old", age)
				}
				last = seq
			}
			if i%2 == 0 {
				c.Close()
			}
		}
	})
}

// deflated checks that compression is agreed on, is used by a client, and may be left alone.
func deflated(t *testing.T, addr string) {
	c := upgraded(t, addr, websock.EchoPath, true)
	for i := range 3 {
		want := pattern(3000, byte(i))
		var packed bytes.Buffer
		w, _ := flate.NewWriter(&packed, flate.BestSpeed) // a new one: no context, which is always allowed
		w.Write(want)
		w.Flush()
		first, p := byte(websock.Fin|websock.Binary|websock.RSV1), bytes.TrimSuffix(packed.Bytes(), tail)
		if i == 1 {
			first, p = websock.Fin|websock.Binary, want
		}
		c.Send(first, p)
		first, p, err := c.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if first&websock.RSV1 != 0 { // the server may compress or not
			first &^= websock.RSV1
			p = inflate(t, p, i)
		}
		if first != websock.Fin|websock.Binary || !bytes.Equal(p, want) {
			t.Fatalf("message %d: first byte %#x, %d bytes", i, first, len(p))
		}
	}
	c.Send(websock.Fin|websock.Ping, nil)
	received(t, c, websock.Fin|websock.Pong, nil)
}

// tail is what a sync flush ends with, and a message leaves away (RFC 7692 §7.2.1).
var tail = []byte{0, 0, 0xff, 0xff}

// inflate takes a message alone; one that refers to those before would need a longer memory than this check has.
func inflate(t *testing.T, p []byte, i int) []byte {
	var before []byte
	for j := range i { // the contexts of both ways of agreeing: all earlier messages, or none
		before = append(before, pattern(3000, byte(j))...)
	}
	for _, dict := range [][]byte{nil, before} {
		r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(p), bytes.NewReader(tail), strings.NewReader("\x01\x00\x00\xff\xff")), dict)
		if plain, err := io.ReadAll(r); err == nil {
			return plain
		}
	}
	t.Fatalf("message %d does not inflate: % .40x", i, p)
	return nil
}

func upgraded(t *testing.T, addr, path string, deflate bool) *websock.Conn {
	t.Helper()
	c, err := websock.Dial(addr, path, deflate, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func echoed(t *testing.T, c *websock.Conn, p []byte) {
	t.Helper()
	if err := c.Send(websock.Fin|websock.Binary, p); err != nil {
		t.Fatal(err)
	}
	received(t, c, websock.Fin|websock.Binary, p)
}

func received(t *testing.T, c *websock.Conn, first byte, want []byte) {
	t.Helper()
	got, p, err := c.Receive()
	for err == nil && got&websock.Fin == 0 { // a server may divide what it sends (RFC 6455 §5.4)
		var more byte
		var rest []byte
		more, rest, err = c.Receive()
		got, p = got|more, append(p, rest...)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got != first || !bytes.Equal(p, want) {
		t.Fatalf("first byte %#x and %d bytes, want %#x and %d", got, len(p), first, len(want))
	}
}

// pattern is n bytes that differ from those of another seed.
func pattern(n int, seed byte) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i)*3 + byte(i>>8) + seed
	}
	return p
}
