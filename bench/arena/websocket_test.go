package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/peertest"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

const patience = 30 * time.Second

func TestWebSocket(t *testing.T) { onDrivers(t, peertest.WebSocket) }

func dial(t *testing.T, addr, path string) *websock.Conn {
	t.Helper()
	c, err := websock.Dial(addr, path, false, patience)
	if err != nil {
		t.Fatal(err)
	}
	return c // to be closed before the server is, which would wait for an answer
}

func TestSocketAtRoot(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		c := dial(t, addr, "/")
		defer c.Close()
		const text = websock.Fin | 1
		for _, want := range []string{"", "h\u00e9llo"} {
			c.Send(text, []byte(want))
			if first, p, err := c.Receive(); err != nil || first != text || string(p) != want {
				t.Errorf("%q is echoed as %q, first byte %#x, %v", want, p, first, err)
			}
		}
		if resp, body := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"); body != greeting {
			t.Errorf("with another upgrade: status %d, %q, want the greeting", resp.StatusCode, body)
		}
	})
}

func TestSocketRefused(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		for _, path := range []string{websock.EchoPath, websock.FeedPath} {
			if resp, _ := talk(t, addr, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 426 || resp.Header.Get("Upgrade") != "websocket" {
				t.Errorf("%s without an upgrade: status %d, Upgrade %q, want 426 and what to ask for", path, resp.StatusCode, resp.Header.Get("Upgrade"))
			}
		}
	})
}

// Suites in a browser come from pages of their own.
func TestSocketOfAnyOrigin(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		request := string(websock.Request(addr, websock.EchoPath, false))
		fmt.Fprint(conn, strings.Replace(request, "\r\n\r\n", "\r\nOrigin: http://elsewhere.test\r\n\r\n", 1))
		const want = "HTTP/1.1 101 "
		got := make([]byte, len(want))
		if _, err := conn.Read(got); err != nil || string(got) != want {
			t.Errorf("a page from elsewhere gets %q, %v", got, err)
		}
	})
}

// What outside suites send at most: 16 MiB, in one frame and in 65536.
func TestSocketLimits(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	onDrivers(t, func(t *testing.T, addr string) {
		for _, frames := range []int{1, 65536} {
			c := dial(t, addr, websock.EchoPath)
			defer c.Close()
			go func() {
				var out []byte
				for i := range frames {
					first, n := byte(0), len(want)/frames
					if i == 0 {
						first = websock.Binary
					}
					if i == frames-1 {
						first |= websock.Fin
					}
					out = websock.AppendMasked(out, first, want[i*n:(i+1)*n], [4]byte{1, 2, 3, byte(i)})
				}
				c.Write(out)
			}()
			if first, p, err := c.Receive(); err != nil || first != websock.Fin|websock.Binary || !bytes.Equal(p, want) {
				t.Errorf("%d frames are echoed as %d bytes, first byte %#x, %v", frames, len(p), first, err)
			}
		}
	})
}

func TestFeedAtRate(t *testing.T) {
	srv, f := newServer()
	f.hz = 5
	srv.Addr, srv.Driver = "127.0.0.1:0", "netpoll"
	ended := make(chan error, 1)
	go func() { ended <- srv.ListenAndServe() }()
	addr := srv.Started()
	if addr == nil {
		t.Fatal(<-ended)
	}
	time.Sleep(50 * time.Millisecond)
	if n := f.topic.Stats().Published; n != 0 {
		t.Errorf("%d ticks before anybody has asked", n)
	}
	c := dial(t, addr.String(), websock.FeedPath)
	defer c.Close()
	var at [4]int64
	for i := range at {
		_, p, err := c.Receive()
		if err != nil {
			t.Fatal(err)
		}
		seq, when, ok := feed.Parse(p)
		if !ok || seq != uint64(i+1) {
			t.Errorf("payload %d has number %d", i+1, seq)
		}
		at[i] = when
	}
	if took := time.Duration(at[3] - at[0]); took < 500*time.Millisecond {
		t.Errorf("three ticks at 5 Hz took %v", took)
	}
	f.stop()
	sent := f.topic.Stats().Published
	time.Sleep(300 * time.Millisecond)
	if n := f.topic.Stats().Published; n != sent {
		t.Errorf("%d ticks after the end", n-sent)
	}
	f.stop() // once more does nothing
	srv.Close()
	<-ended
}
