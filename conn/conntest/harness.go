package conntest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// Peer is the other end of a connection. Its methods do not block: they do what is possible
// now. n = 0 without an error means to try again later.
type Peer interface {
	Write(p []byte) (n int, err error)
	Read(p []byte) (n int, err error)
	CloseWrite() error
	Close() error
	Reset() // RST, where the network has it
	LocalAddr() netip.AddrPort
}

// Harness is a driver and its world.
type Harness struct {
	Driver conn.Driver

	// Run runs the driver with ev until Stop.
	Run func(ev conn.Events) error

	// Dial connects a client.
	Dial func() (Peer, error)

	// Connect makes a connection for Driver.Adopt, and its far end.
	Connect func() (net.Conn, Peer, error)

	// Progress lets the world go on a little: it sleeps, or steps.
	Progress func()

	// FailAccepts makes the next n accepts fail. Nil = cannot.
	FailAccepts func(n int)

	Virtual   bool   // time is simulated
	Resets    bool   // Peer.Reset is more than Close
	HalfClose bool   // CloseWrite works
	Addresses bool   // the addresses are IP addresses
	Repeat    string // how to run this very case again; for failures
}

// huge is more bytes than the network holds on the way.
func (h *Harness) huge() int {
	if h.Virtual {
		return 1 << 20
	}
	return 64 << 20
}

// Factory makes a fresh harness for a case. It registers the cleaning up with t.
type Factory func(t testing.TB) *Harness

// Simulated runs over package sim.
func Simulated(seed uint64, faults sim.Faults) Factory {
	return func(t testing.TB) *Harness {
		cfg := sim.Config{Seed: seed, Faults: faults}
		if os.Getenv("RINGWIRE_SIM_TRACE") != "" {
			cfg.Trace = os.Stderr
		}
		s := sim.New(cfg)
		if err := s.Listen(s.NewListener()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			for _, m := range s.Misuse() {
				t.Errorf("misuse: %s", m)
			}
		})
		return &Harness{
			Driver:   s,
			Run:      func(ev conn.Events) error { s.Begin(ev); return nil },
			Dial:     func() (Peer, error) { return s.Dial(), nil },
			Connect:  func() (net.Conn, Peer, error) { nc, p := s.Connect(); return nc, p, nil },
			Progress: func() { s.Step() },
			FailAccepts: func(n int) {
				for range n {
					s.FailAccepts(syscall.EMFILE)
				}
			},
			Virtual: true, Resets: true, HalfClose: true, Addresses: true,
			Repeat: fmt.Sprintf("RINGWIRE_SIM_SEED=%d go test ./conn/conntest -run '%s'", seed, t.Name()),
		}
	}
}

// Sockets runs over real sockets of network "tcp" or "unix".
func Sockets(network string, newDriver func() (conn.Driver, error)) Factory {
	return func(t testing.TB) *Harness {
		checkLeaks(t)
		ln := listen(t, network)
		h := socketHarness(t, newDriver, ln)
		address := ln.Addr().String()
		h.Dial = func() (Peer, error) {
			c, err := net.Dial(network, address)
			if err != nil {
				return nil, err
			}
			return NewPeer(c), nil
		}
		h.Connect = connector(t, network)
		h.Resets = network == "tcp"
		h.Addresses = network == "tcp"
		h.HalfClose = true
		return h
	}
}

// listen opens a listener on a free address.
func listen(t testing.TB, network string) net.Listener {
	address := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "conntest") // t.TempDir's names are too long for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		address = filepath.Join(dir, "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("cannot listen on %s %s: %v", network, address, err)
	}
	return ln
}

// connector connects to a listener of its own, which is opened with the first connection.
func connector(t testing.TB, network string) func() (net.Conn, Peer, error) {
	var ln net.Listener
	return func() (net.Conn, Peer, error) {
		if ln == nil {
			ln = listen(t, network)
			t.Cleanup(func() { _ = ln.Close() })
		}
		near, err := net.Dial(network, ln.Addr().String())
		if err != nil {
			return nil, nil, err
		}
		far, err := ln.Accept()
		if err != nil {
			_ = near.Close()
			return nil, nil, err
		}
		return near, NewPeer(far), nil
	}
}

// Pipes runs over net.Pipe, for drivers that take any net.Conn.
func Pipes(newDriver func() (conn.Driver, error)) Factory {
	return func(t testing.TB) *Harness {
		checkLeaks(t)
		ln := newPipeListener()
		h := socketHarness(t, newDriver, ln)
		h.Dial = func() (Peer, error) {
			c, err := ln.dial()
			if err != nil {
				return nil, err
			}
			return NewPeer(c), nil
		}
		h.Connect = func() (net.Conn, Peer, error) {
			near, far := net.Pipe()
			return near, NewPeer(far), nil
		}
		h.FailAccepts = ln.fail
		return h
	}
}

func socketHarness(t testing.TB, newDriver func() (conn.Driver, error), ln net.Listener) *Harness {
	d, err := newDriver()
	if err != nil {
		_ = ln.Close()
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	if err := d.Listen(ln); err != nil {
		t.Fatal(err)
	}
	return &Harness{
		Driver:   d,
		Run:      d.Run,
		Progress: func() { time.Sleep(100 * time.Microsecond) },
		Repeat:   fmt.Sprintf("go test ./conn/conntest -run '%s'", t.Name()),
	}
}

// checkLeaks compares goroutines and descriptors before and after the case.
func checkLeaks(t testing.TB) {
	goroutines, fds := runtime.NumGoroutine(), Descriptors()
	t.Cleanup(func() {
		deadline := time.Now().Add(5 * time.Second)
		for runtime.NumGoroutine() > goroutines || Descriptors() > fds {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				t.Errorf("leak: %d goroutines before and %d after, %d descriptors before and %d after\n%s",
					goroutines, runtime.NumGoroutine(), fds, Descriptors(), stacks)
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// Descriptors is the number of open descriptors of this process, sockets only; 0 where nobody tells.
func Descriptors() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	n := 0
	for _, e := range list {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
