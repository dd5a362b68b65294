package conn

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func listen(t *testing.T, network, address string, n int) []net.Listener {
	t.Helper()
	lns, err := Listen(context.Background(), network, address, n)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, lns)
	if len(lns) != n {
		t.Fatalf("%d listeners, want %d", len(lns), n)
	}
	for i, ln := range lns {
		if got, want := ln.Addr().String(), lns[0].Addr().String(); got != want {
			t.Errorf("listener %d is on %s, the first on %s", i, got, want)
		}
	}
	return lns
}

func closeAtEnd(t *testing.T, lns []net.Listener) {
	t.Cleanup(func() {
		for _, ln := range lns {
			_ = ln.Close()
		}
	})
}

// socketDir is a directory whose name is short enough for sockets.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "conn")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// spread dials n times and counts which listener accepted. All accept at once.
func spread(t *testing.T, lns []net.Listener, n int) []int {
	t.Helper()
	counts := make([]int, len(lns))
	accepted := make(chan int, n)
	var loops sync.WaitGroup
	for i, ln := range lns {
		loops.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_ = c.Close()
				accepted <- i
			}
		})
	}
	for range n {
		c, err := net.Dial(lns[0].Addr().Network(), lns[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for range n {
		select {
		case i := <-accepted:
			counts[i]++
		case <-time.After(10 * time.Second):
			t.Fatalf("of %d connections only %v were accepted", n, counts)
		}
	}
	for _, ln := range lns {
		_ = ln.Close()
	}
	loops.Wait()
	return counts
}

// TestListenSpreads: the sockets have queues of their own, and the system fills all.
func TestListenSpreads(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0", "0.0.0.0:0"} {
		if address[0] == '[' && !haveIPv6() {
			continue
		}
		lns := listen(t, "tcp", address, 4)
		const n = 200
		for i, got := range spread(t, lns, n) {
			// A fair hash gives each 50 of 200; less than 10 has a chance of 1e-12.
			if runtime.GOOS == "linux" && got < 10 {
				t.Errorf("%s: listener %d accepted %d of %d", address, i, got, n)
			}
		}
	}
}

func haveIPv6() bool {
	ln, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		_ = ln.Close()
	}
	return err == nil
}

// TestListenOne: a single listener shares its port with nobody.
func TestListenOne(t *testing.T) {
	lns := listen(t, "tcp", "127.0.0.1:0", 1)
	if reusePort == nil {
		return
	}
	lc := net.ListenConfig{Control: reusePort}
	if ln, err := lc.Listen(context.Background(), "tcp", lns[0].Addr().String()); err == nil {
		_ = ln.Close()
		t.Error("another socket could take half of the connections away")
	}
}

// TestListenInUse: an address in use is an error, however its user has opened it: with
// SO_REUSEPORT two servers would share the connections without anybody noticing.
func TestListenInUse(t *testing.T) {
	for _, n := range []int{1, 3} {
		other := listen(t, "tcp", "127.0.0.1:0", n)
		address := other[0].Addr().String()
		for _, mine := range []int{1, 3} {
			lns, err := Listen(context.Background(), "tcp", address, mine)
			closeAtEnd(t, lns)
			wantError(t, err, syscall.EADDRINUSE, address, "another process listens there")
		}
	}
}

func wantError(t *testing.T, err error, cause error, texts ...string) {
	t.Helper()
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want one that is %v", err, cause)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

func TestListenElsewhere(t *testing.T) {
	_, err := Listen(context.Background(), "tcp", "192.0.2.1:0", 2)
	wantError(t, err, syscall.EADDRNOTAVAIL, "192.0.2.1:0", "no interface of this machine has that address")
}

func TestListenNonsense(t *testing.T) {
	_, err := Listen(context.Background(), "tcp", "127.0.0.1:http:8080", 2)
	var addr *net.AddrError
	if !errors.As(err, &addr) || !strings.HasPrefix(err.Error(), `conn: listen on "127.0.0.1:http:8080": `) {
		t.Errorf("error %v", err)
	}
}

// TestListenUnix: loops share the one socket that a path can have, and its file goes with
// the first listener, whatever the others do.
func TestListenUnix(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	lns := listen(t, "unix", path, 3)
	_ = lns[1].Close()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("closing the second listener took the socket away: %v", err)
	}
	total := 0
	for _, got := range spread(t, []net.Listener{lns[0], lns[2]}, 20) {
		total += got
	}
	if total != 20 {
		t.Errorf("%d of 20 connections were accepted", total)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's file is left behind: %v", err)
	}
	_, err := Listen(context.Background(), "unix", filepath.Join(path, "nowhere"), 3)
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error %v does not name the path", err)
	}
}

func TestListenUnixInUse(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	listen(t, "unix", path, 2)
	_, err := Listen(context.Background(), "unix", path, 2)
	wantError(t, err, syscall.EADDRINUSE, path)
}

// TestShareListener: the copies accept from the queue of the first, and closing one leaves
// the others alone.
func TestShareListener(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lns, err := ShareListener(ln, 3)
	if err != nil {
		_ = ln.Close()
		t.Fatal(err)
	}
	closeAtEnd(t, lns)
	if lns[0] != ln {
		t.Error("the listener itself is not the first")
	}
	_ = lns[0].Close()
	for _, ln := range lns[1:] {
		if got := spread(t, []net.Listener{ln}, 5); got[0] != 5 {
			t.Errorf("%d of 5 connections were accepted", got[0])
		}
	}
}

// strange is a listener without a descriptor.
type strange struct{ net.Listener }

func (strange) Addr() net.Addr { return &net.UnixAddr{Name: "strange", Net: "unix"} }

func TestShareListenerWithoutDescriptor(t *testing.T) {
	lns, err := ShareListener(strange{}, 2)
	wantError(t, err, errors.ErrUnsupported, "strange", "between 2 loops", "use one loop", "no file descriptor")
	if lns != nil {
		t.Error("listeners came with the error")
	}
	if lns, err := ShareListener(strange{}, 1); err != nil || len(lns) != 1 {
		t.Errorf("one loop needs no copy, but: %v", err)
	}
}

// TestListenKeepsFamily: the further sockets take what the first takes, no more.
func TestListenKeepsFamily(t *testing.T) {
	for _, c := range []struct{ network, address, other string }{
		{"tcp4", "0.0.0.0:0", "[::1]"},
		{"tcp4", ":0", "[::1]"},
		{"tcp6", "[::]:0", "127.0.0.1"},
		{"tcp6", ":0", "127.0.0.1"},
	} {
		if !haveIPv6() {
			t.Skip("no IPv6 here")
		}
		lns := listen(t, c.network, c.address, 4)
		_, port, err := net.SplitHostPort(lns[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		// A port that is free in one family may be somebody else's in the other.
		conn, err := net.Dial("tcp", c.other+":"+port)
		if err != nil {
			continue
		}
		if accepted(lns, conn.LocalAddr()) {
			t.Errorf("%s %s answers on %s", c.network, c.address, c.other)
		}
		_ = conn.Close()
	}
}

// accepted reports whether one of the listeners has a connection from that address.
func accepted(lns []net.Listener, from net.Addr) bool {
	for _, ln := range lns {
		_ = ln.(*net.TCPListener).SetDeadline(time.Now().Add(100 * time.Millisecond))
		if c, err := ln.Accept(); err == nil {
			_ = c.Close()
			if c.RemoteAddr().(*net.TCPAddr).Port == from.(*net.TCPAddr).Port {
				return true
			}
		}
	}
	return false
}
