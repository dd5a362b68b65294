package ringwire

import (
	"bufio"
	"context"
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/proto/ws"
	"github.com/ringwire/ringwire/tls"
)

// dialer is a client under test, and what it has logged. At the test's end nothing of it may be left.
func dialer(t *testing.T, driver string) *WebSocketDialer {
	t.Helper()
	_, pool := testIdentity()
	log := new(logBuffer)
	d := &WebSocketDialer{
		Driver: driver, Logger: log.logger(), DisablePooling: testConfig(driver).DisablePooling,
		TLS: &tls.Config{System: &stdtls.Config{RootCAs: pool, ServerName: "localhost"}},
	}
	t.Cleanup(func() {
		_ = d.Close()
		d.users.mu.Lock() // it has been waited for
		defer d.users.mu.Unlock()
		if d.users.n != 0 || strings.Contains(log.String(), "not given back") {
			t.Errorf("%d goroutines are left: %s", d.users.n, log.String())
		}
	})
	return d
}

// url is the address of a server's WebSockets.
func (s *testServer) url(path string) string {
	if s.TLS != nil {
		return "wss://" + s.addr + path
	}
	return "ws://" + s.addr + path
}

// The client's side of everything: the handshake, messages both ways, compression, the end.
func TestDial(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for _, compression := range []*WebSocketCompression{nil, {}, {KeepContext: true}} {
			s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, Compression: compression, Subprotocols: []string{"b"}})
			d := dialer(t, driver)
			got, closed := make(chan string, 10), make(ends, 1)
			c, err := d.Dial(t.Context(), s.url("/ws?x=y"), &WebSocketConfig{
				OnOpen:       func(ws *WebSocket) { _ = ws.SendText("hello") },
				OnMessage:    func(ws *WebSocket, m Message) { got <- m.String() },
				OnClose:      closed.onClose,
				Compression:  compression,
				Subprotocols: []string{"a", "b"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.Subprotocol() != "b" || c.Compressed() != (compression != nil) {
				t.Errorf("agreed on %q, compressed %v", c.Subprotocol(), c.Compressed())
			}
			prepared := Prepare(BinaryMessage, []byte(repeat(3000)))
			c.Post(func(ws *WebSocket) {
				_ = ws.SendText(prose(100_000))
				_ = ws.SendPrepared(prepared)
			})
			for _, want := range []string{"hello", prose(100_000), repeat(3000)} {
				select {
				case m := <-got:
					if m != want {
						t.Errorf("got %.60q (%d bytes), want %.60q", m, len(m), want)
					}
				case end := <-closed:
					t.Fatalf("it ended: %v", end)
				case <-time.After(patience):
					t.Fatal("no message came")
				}
			}
			c.Post(func(ws *WebSocket) { _ = ws.Close(4000, "bye") })
			closed.expect(t, 4000, false, true, "")
			if st := d.Stats(); st.Open != 0 || st.Opened != 1 {
				t.Errorf("the account is %+v", st)
			}
		}
	})
}

// The blocking form on both ends.
func TestDialBlocking(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsBlocking(t, driver, &WebSocketConfig{Compression: &WebSocketCompression{}}, echoBlocking)
		d := dialer(t, driver)
		c, err := d.DialBlocking(t.Context(), s.url("/"), &WebSocketConfig{Compression: &WebSocketCompression{}})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 10, 1000, 100_000, 1 << 20} {
			m := prose(n)
			if err := c.Write(t.Context(), TextMessage, []byte(m)); err != nil {
				t.Fatal(err)
			}
			if kind, p, err := c.Read(t.Context(), nil); kind != TextMessage || string(p) != m || err != nil {
				t.Fatalf("read %v %.60q (%d bytes), %v", kind, p, len(p), err)
			}
		}
		if !c.RemoteAddr().IsValid() {
			t.Error("the server has no address")
		}
		if err := c.Close(CloseNormal, ""); err != nil {
			t.Error(err)
		}
		if _, _, err := c.Read(t.Context(), nil); err == nil {
			t.Error("after Close a message was read")
		}
		if err := c.Close(CloseNormal, ""); err != nil {
			t.Errorf("the second Close: %v", err)
		}
	})
}

// What a server may answer, and what becomes of it.
func TestDialRefused(t *testing.T) {
	t.Parallel()
	needsPlain(t)
	eachDriver(t, func(t *testing.T, driver string) {
		d, hasty := dialer(t, driver), dialer(t, driver)
		hasty.HandshakeTimeout = 200 * time.Millisecond
		for _, tc := range []struct {
			answer string
			status int
			want   error
		}{
			{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, ws.ErrNotSwitched},
			{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + wsAccept + "\r\n\r\n", 101, ws.ErrAccept},
			{"SSH-2.0\r\n\r\n", 0, ws.ErrResponse},
			{strings.Repeat("x", 20_000), 0, ws.ErrResponseTooLarge},
			{"HTTP/1.1 101", 0, os.ErrDeadlineExceeded},
			{"cut", 0, io.ErrUnexpectedEOF},
		} {
			ln := mustListen(t)
			go func() {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				req := make([]byte, 1000)
				_, _ = c.Read(req)
				_, _ = io.WriteString(c, tc.answer)
				if tc.answer != "cut" {
					_, _ = io.Copy(io.Discard, c)
				}
				_ = c.Close()
			}()
			dial := d.Dial
			if tc.want == os.ErrDeadlineExceeded {
				dial = hasty.Dial
			}
			ws, err := dial(t.Context(), "ws://"+ln.Addr().String(), nil)
			e, ok := as[*DialError](err)
			if ws != nil || !ok || e.Status != tc.status || !errors.Is(err, tc.want) {
				t.Errorf("%.20q: got %v, want status %d and %v", tc.answer, err, tc.status, tc.want)
			}
			_ = ln.Close()
		}
	})
}

// URLs that are none are refused before anything is dialled.
func TestDialURL(t *testing.T) {
	t.Parallel()
	d := new(WebSocketDialer)
	for raw, want := range map[string]error{
		"http://x/": errScheme, "/x": errScheme, "ws:///x": errNoHost, "ws://:80/": errNoHost, "ws://u@x/": errUserinfo, "ws://x/#": errFragment,
	} {
		if _, err := d.Dial(t.Context(), raw, nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", raw, err, want)
		}
	}
	for raw, want := range map[string]dialTarget{
		"ws://example.com":            {host: "example.com", target: "/"},
		"ws://example.com:80/a%20b?c": {host: "example.com", target: "/a%20b?c"},
		"wss://[::1]:443/":            {host: "[::1]", target: "/", secure: true},
		"wss://example.com:8443?x":    {host: "example.com:8443", target: "/?x", secure: true},
	} {
		got, err := d.parse(raw)
		if err != nil || got.host != want.host || got.target != want.target || got.secure != want.secure {
			t.Errorf("%s is %+v, %v, want %+v", raw, got, err, want)
		}
	}
	if got, _ := d.parse("wss://[::1]/"); got.remote.Address != "[::1]:443" {
		t.Errorf("wss://[::1]/ is at %s", got.remote.Address)
	}
}

// A context that ends leaves nothing, however far the dialling is.
func TestDialContext(t *testing.T) {
	t.Parallel()
	needsPlain(t)
	eachDriver(t, func(t *testing.T, driver string) {
		d := dialer(t, driver)
		ln := mustListen(t)
		defer ln.Close()
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			cancel()
			_, err = c.Read(make([]byte, 1))
			gone <- err
			_ = c.Close()
		}()
		if _, err := d.Dial(ctx, "ws://"+ln.Addr().String(), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Dial failed with %v", err)
		}
		if err := <-gone; err == nil {
			t.Error("the connection goes on")
		}
		if _, err := d.Dial(ctx, "ws://"+ln.Addr().String(), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Dial failed with %v", err)
		}
	})
}

// The dialer's end is that of its WebSockets.
func TestDialerShutdown(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsServer(t, driver, nil)
		d, closed := dialer(t, driver), make(ends, 2)
		d.Loops = 2
		for range 2 {
			if _, err := d.Dial(t.Context(), s.url("/"), &WebSocketConfig{OnClose: closed.onClose}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		closed.expect(t, CloseGoingAway, false, true, "")
		closed.expect(t, CloseGoingAway, false, true, "")
		if _, err := d.Dial(t.Context(), s.url("/"), nil); err != ErrDialerClosed {
			t.Errorf("after Shutdown Dial failed with %v", err)
		}
		d = dialer(t, driver)
		c, err := d.DialBlocking(t.Context(), s.url("/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = d.Close()
		if end, ok := as[*CloseError](c.Write(t.Context(), TextMessage, nil)); !ok || end.Code != CloseAbnormal {
			t.Errorf("Write did not fail with a CloseError")
		}
		_ = c.Close(CloseNormal, "")
	})
}

// A dialer that cannot start says so, and one that was never used can be closed.
func TestDialerConfig(t *testing.T) {
	d := &WebSocketDialer{Driver: "epoll"}
	if _, err := d.Dial(t.Context(), "ws://127.0.0.1:1/", nil); err == nil || !strings.Contains(err.Error(), "epoll") {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(d.Close(), new(WebSocketDialer).Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
	if e, ok := as[*net.OpError](dialNobody(t)); !ok {
		t.Errorf("got %v, want the system's error", e)
	}
}

// dialNobody dials where nobody listens.
func dialNobody(t *testing.T) error {
	ln := mustListen(t)
	_ = ln.Close()
	d := dialer(t, DriverNetpoll)
	_, err := d.Dial(t.Context(), "ws://"+ln.Addr().String(), nil)
	return err
}
