//go:build unix

package fallback

import (
	"bytes"
	"net"
	"syscall"
	"testing"
)

// socketPair is a connected pair of non-blocking descriptors.
func socketPair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fds[0]); _ = syscall.Close(fds[1]) })
	for _, fd := range fds {
		if err := syscall.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	return fds[0], fds[1]
}

// TestGather: all buffers in order, empty ones skipped, nothing held afterwards.
func TestGather(t *testing.T) {
	a, b := socketPair(t)
	var g gather
	for _, bufs := range [][][]byte{
		{[]byte("one")},
		{nil, []byte("two"), {}, []byte("three"), nil},
		{bytes.Repeat([]byte{'x'}, 20000), []byte("tail")},
		{nil, nil},
		nil,
	} {
		want := bytes.Join(bufs, nil)
		n, err := g.write(a, bufs)
		if n != len(want) || err != nil {
			t.Fatalf("wrote %d of %d, %v", n, len(want), err)
		}
		if len(want) == 0 {
			continue
		}
		got := make([]byte, 1<<16)
		n, err = read(b, got)
		if err != nil || !bytes.Equal(got[:n], want) {
			t.Fatalf("read %d bytes, %v, want %d", n, err, len(want))
		}
	}
	if n, err := read(b, make([]byte, 10)); err != syscall.EAGAIN {
		t.Errorf("read of nothing: %d, %v", n, err)
	}
}

// TestGatherFull: what does not fit is not counted, and the error is the poller's business.
func TestGatherFull(t *testing.T) {
	a, b := socketPair(t)
	var g gather
	big := make([]byte, 1<<20)
	sum := 0
	for {
		n, err := g.write(a, [][]byte{big, big})
		sum += n
		if err == syscall.EAGAIN {
			break
		}
		if err != nil || n == 0 {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	got := 0
	for {
		n, err := read(b, big)
		if err == syscall.EAGAIN {
			break
		}
		got += n
	}
	if got != sum {
		t.Errorf("write counted %d bytes, %d arrived", sum, got)
	}
	_ = syscall.Close(b)
	if _, err := g.write(a, [][]byte{big}); err != syscall.EPIPE {
		t.Errorf("write to a closed peer: %v, want EPIPE", err)
	}
}

func TestSendingAdvance(t *testing.T) {
	for n := 0; n <= 6; n++ {
		var st socketState
		r := st.stuck([][]byte{[]byte("ab"), {}, []byte("cdef")}, n)
		if got := string(bytes.Join(r.left, nil)); got != "abcdef"[n:] || r.n != n {
			t.Errorf("after %d bytes %q is left", n, got)
		}
		st.drop(r)
		if again := st.stuck([][]byte{[]byte("z")}, 0); again != r || len(again.left) != 1 || again.n != 0 {
			t.Error("a dropped sending is not used again, or not reset")
		}
	}
}

// TestNewSocketIsExact: a type that embeds *net.TCPConn may read differently.
func TestNewSocketIsExact(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l := newLoop(t, Config{})
	if newSocket(l, c) == nil {
		t.Error("*net.TCPConn does not take the fast path")
	}
	if newSocket(l, struct{ *net.TCPConn }{c.(*net.TCPConn)}) != nil {
		t.Error("a wrapper of *net.TCPConn takes the fast path")
	}
}
