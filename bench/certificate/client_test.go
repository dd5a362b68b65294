//go:build linux

package main

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// answering is a client and the server's end of its connection.
func answering(t *testing.T) (*client, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := new(client)
	if err := c.dial(netip.MustParseAddrPort(ln.Addr().String())); err != nil {
		t.Fatal(err)
	}
	peer, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	return c, peer
}

// until receives until something came of it.
func (c *client) until(t *testing.T) (int, error) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if n, err := c.receive(); n > 0 || err != nil {
			return n, err
		}
	}
	t.Fatal("nothing came")
	return 0, nil
}

func reply(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + string(rune('0'+len(body))) + "\r\n\r\n" + body
}

func TestClient(t *testing.T) {
	c, peer := answering(t)
	s := &shot{[]byte("ask"), []string{"1", "22", "3"}}
	if err := c.send(s, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(peer, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	all := reply("1") + reply("22") + reply("3")
	cut := len(reply("1")) + 7 // in the middle of the second one
	io.WriteString(peer, all[:cut])
	if n, err := c.until(t); n != 1 || err != nil || c.shot == nil {
		t.Fatalf("got %d, %v, want the first response", n, err)
	}
	io.WriteString(peer, all[cut:])
	if n, err := c.until(t); n != 2 || err != nil || c.shot != nil || c.n != 0 {
		t.Fatalf("got %d, %v, want the other two and an idle client", n, err)
	}
}

func TestClientNotices(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"another's answer", reply("2"), `body "2", want "1"`},
		{"an error", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "status is not 200"},
		{"no length", "HTTP/1.1 200 OK\r\n\r\n", "Content-Length"},
		{"an answer too many", reply("1") + reply("1"), errUnasked.Error()},
		{"an end", "", errClosed.Error()},
		{"an endless head", strings.Repeat("x", 20<<10), "Content-Length"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl, peer := answering(t)
			if err := cl.send(&shot{[]byte("ask"), []string{"1"}}, 0); err != nil {
				t.Fatal(err)
			}
			io.ReadFull(peer, make([]byte, 3)) // unread bytes would make a reset of the end
			io.WriteString(peer, c.in)
			peer.Close()
			for range 100 {
				if _, err := cl.until(t); err != nil {
					if !strings.Contains(err.Error(), c.want) {
						t.Errorf("got %v, want %s", err, c.want)
					}
					return
				}
			}
			t.Error("no error")
		})
	}
}

func TestClientNoticesBytesWhileIdle(t *testing.T) {
	c, peer := answering(t)
	io.WriteString(peer, reply("1"))
	if _, err := c.until(t); err != errUnasked {
		t.Errorf("got %v", err)
	}
}

func TestDialRefused(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := new(client).dial(netip.MustParseAddrPort(ln.Addr().String())); err == nil {
		t.Error("no error")
	}
}
