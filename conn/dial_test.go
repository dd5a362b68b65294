package conn_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/fallback"
	"github.com/ringwire/ringwire/internal/leak"
	"github.com/ringwire/ringwire/mem"
)

// dialDrivers are the drivers that dial for real.
var dialDrivers = map[string]func() (conn.Driver, error){
	"netpoll":  func() (conn.Driver, error) { return fallback.NewLoop(fallback.Config{}) },
	"portable": func() (conn.Driver, error) { return fallback.NewLoop(fallback.Config{Portable: true}) },
}

const patience = 20 * time.Second

// eachLoop runs f with a running loop of each driver, and checks what that leaves. stop ends the
// loop before.
func eachLoop(t *testing.T, f func(t *testing.T, l *conn.Loop, stop func())) {
	eachLoopWith(t, patience, f)
}

// eachLoopWith sets HandshakeTimeout.
func eachLoopWith(t *testing.T, handshake time.Duration, f func(t *testing.T, l *conn.Loop, stop func())) {
	for name, newDriver := range dialDrivers {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			d, err := newDriver()
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			a := mem.NewAllocator(mem.Config{})
			l := conn.NewLoop(conn.Config{Driver: d, Alloc: a, LingerTimeout: 100 * time.Millisecond, HandshakeTimeout: handshake})
			done := make(chan error, 1)
			go func() { done <- l.Run() }()
			stop := sync.OnceFunc(func() {
				l.Stop()
				if err := <-done; err != nil {
					t.Errorf("Run: %v", err)
				}
				if st := l.Stats(); st.Open != 0 || st.Outgoing != 0 {
					t.Errorf("at the end: %+v", st)
				}
				if err := errors.Join(l.Leaks(), a.Close()); err != nil {
					t.Error(err)
				}
			})
			t.Cleanup(stop)
			f(t, l, stop)
		})
	}
}

// asker sends a question when it is open, and keeps what comes back until the end.
type asker struct {
	ask    []byte
	got    bytes.Buffer
	opened atomic.Int32
	closed atomic.Int32
	alpn   string
	ended  error
	done   chan error // OnClose
}

func newAsker(ask []byte) *asker { return &asker{ask: ask, done: make(chan error, 1)} }

func (a *asker) OnOpen(c *conn.Conn) {
	a.opened.Add(1)
	if i := c.TLS(); i != nil {
		a.alpn = i.Protocol
	}
	_, _ = c.Output().Write(a.ask)
	c.Flush()
}

func (a *asker) OnData(c *conn.Conn, p []byte) int {
	a.got.Write(p)
	if a.got.Len() >= len(a.ask) {
		c.Close()
	}
	return len(p)
}
func (a *asker) OnEnd(c *conn.Conn, err error) { a.ended = err; c.Close() }
func (a *asker) OnDrain(*conn.Conn)            {}
func (a *asker) OnTimeout(*conn.Conn)          {}
func (a *asker) OnShutdown(c *conn.Conn)       { c.Close() }
func (a *asker) OnClose(_ *conn.Conn, err error) {
	a.closed.Add(1)
	a.done <- err
}

// wait waits for OnClose and returns what it was told.
func (a *asker) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-a.done:
		return err
	case <-time.After(patience):
		t.Fatal("no OnClose")
		return nil
	}
}

// unheard fails if the handler was called.
func (a *asker) unheard(t *testing.T) {
	t.Helper()
	if o, c := a.opened.Load(), a.closed.Load(); o+c > 0 {
		t.Errorf("Dial failed, but OnOpen came %d times and OnClose %d times", o, c)
	}
}

// serve runs f for each connection to a listener, whose address it returns. It waits for all of
// them when the test ends.
func serve(t *testing.T, network string, f func(nc net.Conn)) string {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "dial") // t.TempDir's names are too long for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		address = filepath.Join(dir, "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("cannot listen on %s: %v", network, err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			_ = nc.SetDeadline(time.Now().Add(patience))
			all.Go(func() {
				defer nc.Close()
				f(nc)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// echo copies by hand: io.Copy of sockets splices, through pipes that live until a garbage
// collection and look like a leak.
func echo(nc net.Conn) { _, _ = io.Copy(struct{ io.Writer }{nc}, struct{ io.Reader }{nc}) }

func question(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.Read(p)
	return p
}

func TestDial(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
		for _, network := range []string{"tcp", "unix"} {
			address := serve(t, network, echo)
			for _, size := range []int{1, 1 << 20} {
				a := newAsker(question(size))
				if err := l.Dial(t.Context(), conn.Remote{Network: network, Address: address}, a); err != nil {
					t.Fatal(err)
				}
				if err := a.wait(t); err != nil || !bytes.Equal(a.got.Bytes(), a.ask) {
					t.Errorf("%s: %d of %d bytes came back; %v", network, a.got.Len(), size, err)
				}
			}
		}
	})
}

// A name is looked up, and its addresses tried one after the other.
func TestDialName(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
		_, port, _ := net.SplitHostPort(serve(t, "tcp", echo))
		a := newAsker([]byte("hello"))
		if err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: net.JoinHostPort("localhost", port)}, a); err != nil {
			t.Fatal(err)
		}
		if err := a.wait(t); err != nil {
			t.Error(err)
		}
	})
}

func TestDialRefused(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = ln.Close()
		a := newAsker(nil)
		if err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: ln.Addr().String()}, a); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Dial: %v", err)
		}
		a.unheard(t)
	})
}

// Who leaves at once is no reason to fail: that is told as an end, or, where a reset was faster, as
// an error of Dial.
func TestDialPeerGone(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
		address := serve(t, "tcp", func(nc net.Conn) { _ = nc.(*net.TCPConn).SetLinger(0) })
		for range 20 {
			a := newAsker([]byte("anybody there?"))
			if err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: address}, a); err != nil {
				a.unheard(t)
				continue
			}
			_ = a.wait(t)
			if o, c := a.opened.Load(), a.closed.Load(); o != 1 || c != 1 {
				t.Errorf("OnOpen came %d times, OnClose %d times", o, c)
			}
		}
	})
}

// A context that ends before the loop has come to it leaves nothing to the loop.
func TestDialLoopBusy(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
		ends := make(chan error, 1)
		address := serve(t, "tcp", func(nc net.Conn) {
			_, err := nc.Read(make([]byte, 1))
			ends <- err
		})
		release := make(chan struct{})
		l.Post(task(func() { <-release }))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		a := newAsker([]byte("x"))
		if err := l.Dial(ctx, conn.Remote{Network: "tcp", Address: address}, a); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial: %v", err)
		}
		if err := <-ends; err != io.EOF {
			t.Errorf("the server sees %v", err)
		}
		close(release)
		ran := make(chan conn.Stats)
		l.Post(task(func() { ran <- l.Stats() }))
		if st := <-ran; st.Adopted != 0 {
			t.Errorf("%+v", st)
		}
		a.unheard(t)
	})
}

type task func()

func (t task) RunTask() { t() }

// A loop that has stopped takes nothing; one that stops meanwhile closes what it has taken.
func TestDialStopped(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, stop func()) {
		address := serve(t, "tcp", echo)
		const dialers = 16
		var askers [dialers][]*asker
		var all sync.WaitGroup
		var dialed atomic.Int32
		for i := range dialers {
			all.Go(func() {
				for {
					a := newAsker(question(100))
					err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: address}, a)
					switch {
					case err == nil:
						askers[i] = append(askers[i], a)
						dialed.Add(1)
						continue
					case !errors.Is(err, conn.ErrStopped) && !errors.Is(err, net.ErrClosed):
						t.Errorf("Dial around Stop: %v", err)
					}
					a.unheard(t)
					return
				}
			})
		}
		for dialed.Load() < 50 {
			time.Sleep(time.Millisecond)
		}
		stop()
		all.Wait()
		for _, list := range askers {
			for _, a := range list {
				if o, c := a.opened.Load(), a.closed.Load(); o != 1 || c != 1 {
					t.Errorf("OnOpen came %d times, OnClose %d times", o, c)
				}
			}
		}
	})
}
