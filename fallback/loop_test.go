package fallback

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// echo is the smallest application: it sends back what comes, a piece at a time.
type echo struct {
	l    *Loop
	out  map[uint32][]byte
	ends map[uint32]bool
}

func newEcho(l *Loop) *echo {
	return &echo{l: l, out: map[uint32][]byte{}, ends: map[uint32]bool{}}
}

func (e *echo) Opened(id uint32) { e.l.Receive(id) }
func (e *echo) Received(id uint32, p []byte) {
	e.l.Pause(id)
	e.out[id] = append(e.out[id], p...)
	if len(e.out[id]) == len(p) {
		e.l.Send(id, [][]byte{e.out[id]})
	}
}
func (e *echo) Ended(id uint32, err error) {
	if len(e.out[id]) == 0 {
		e.l.Close(id)
	}
	e.ends[id] = true
}
func (e *echo) Sent(id uint32, n int, err error) {
	if e.out[id] = e.out[id][n:]; len(e.out[id]) > 0 {
		e.out[id] = append([]byte(nil), e.out[id]...)
		e.l.Send(id, [][]byte{e.out[id]})
	} else if e.out[id] = nil; e.ends[id] || err != nil {
		e.l.Close(id)
	} else {
		e.l.Receive(id)
	}
}
func (e *echo) Closed(id uint32)     { delete(e.out, id); delete(e.ends, id) }
func (e *echo) AcceptFailed(error)   {}
func (e *echo) Turn(now int64) int64 { return 0 }

// serve runs an echo loop and returns its address.
func serve(t testing.TB, cfg Config) (*Loop, string) {
	t.Helper()
	l, err := NewLoop(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(ln); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run(newEcho(l)) }()
	t.Cleanup(func() {
		l.Stop()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run did not return after Stop")
		}
	})
	return l, ln.Addr().String()
}

func TestEcho(t *testing.T) {
	for name, cfg := range map[string]Config{"fast": {}, "portable": {Portable: true}} {
		t.Run(name, func(t *testing.T) {
			_, addr := serve(t, cfg)
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 3 {
				if _, err := io.WriteString(c, "ping"); err != nil {
					t.Fatal(err)
				}
				p := make([]byte, 4)
				if _, err := io.ReadFull(c, p); err != nil || string(p) != "ping" {
					t.Fatalf("read %q, %v", p, err)
				}
			}
			big := strings.Repeat("0123456789abcdef", 1<<16)
			go func() {
				_, _ = io.WriteString(c, big)
				_ = c.(*net.TCPConn).CloseWrite()
			}()
			got, err := io.ReadAll(c)
			if err != nil || string(got) != big {
				t.Fatalf("read %d bytes of %d, %v", len(got), len(big), err)
			}
		})
	}
}

func TestConfigRefused(t *testing.T) {
	if _, err := NewLoop(Config{ReadBuffer: 100}); err == nil || !strings.Contains(err.Error(), "ReadBuffer") {
		t.Errorf("error %v does not name the field", err)
	}
}
