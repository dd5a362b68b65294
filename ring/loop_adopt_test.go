//go:build linux

package ring

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// connected is a TCP connection: one end to adopt, and the other.
func connected(t *testing.T) (near *net.TCPConn, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if far, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return nc.(*net.TCPConn), far
}

// onLoop runs f on the loop and waits.
func onLoop(t *testing.T, l *Loop, f func()) {
	t.Helper()
	done := make(chan struct{})
	if !l.Post(taskFunc(func() { f(); close(done) })) {
		t.Fatal("the loop has stopped")
	}
	<-done
}

// The ring needs a blocking socket, children must not inherit it, and Go's poller must no
// longer know it: nobody would read what it reports.
func TestAdoptTakesTheSocketOver(t *testing.T) {
	s, _, stop := startLoop(t, LoopConfig{})
	nc, far := connected(t)
	before := inPollers(t)
	if before == 0 {
		t.Fatal("Go's poller has no sockets: the test shows nothing")
	}
	onLoop(t, s.l, func() {
		id, err := s.l.Adopt(nc)
		if err != nil {
			t.Error(err)
			return
		}
		fd := uintptr(s.l.slots[id].fd)
		if flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
			t.Errorf("flags %#x, %v: the ring would not wait on a non-blocking socket", flags, err)
		}
		if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("flags %#x, %v: a child would inherit it", flags, err)
		}
		if n := inPollers(t); n != before-1 {
			t.Errorf("%d sockets are in Go's poller, want %d", n, before-1)
		}
		s.open.Add(1)
		s.l.Receive(id)
	})
	if _, err := nc.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write to what was given away: %v", err)
	}
	if _, err := far.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	until(t, "bytes are missing", func() bool { return s.received.Load() == 1000 })
	stop()
	_ = far.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := far.Read(make([]byte, 1)); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer sees no end: %v", err)
	}
}

// inPollers counts what the epoll descriptors of this process watch.
func inPollers(t *testing.T) (n int) {
	t.Helper()
	for fd, what := range openFiles() {
		if what != "anon_inode:[eventpoll]" {
			continue
		}
		info, err := os.ReadFile("/proc/self/fdinfo/" + fd)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(info, []byte("tfd:"))
	}
	return n
}

// What is no plain stream socket is refused, and left alone.
func TestAdoptRefuses(t *testing.T) {
	s, _, _ := startLoop(t, LoopConfig{})
	udp, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fds[0]), "datagrams")
	gram, err := net.FileConn(file)
	_, _ = file.Close(), unix.Close(fds[1])
	if err != nil {
		t.Fatal(err)
	}
	defer gram.Close()
	onLoop(t, s.l, func() {
		for _, nc := range []net.Conn{nil, udp, gram, (*net.TCPConn)(nil), (*net.UnixConn)(nil)} {
			if _, err := s.l.Adopt(nc); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("Adopt(%T): %v", nc, err)
			}
		}
	})
	if err := gram.SetDeadline(time.Now()); err != nil {
		t.Errorf("a refused connection is no longer usable: %v", err)
	}
}
