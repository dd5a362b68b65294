//go:build linux

package conntest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
)

// adoptChild says that this process is a child of TestAdoptEMFILE, and which driver it runs.
const adoptChild = "RINGWIRE_TEST_ADOPT_DRIVER"

// TestAdoptEMFILE: a process without descriptors left adopts where that takes none, and where
// it does the connection stays the caller's, to be adopted later.
func TestAdoptEMFILE(t *testing.T) {
	for name, newDriver := range drivers {
		t.Run(name, func(t *testing.T) {
			if d, err := newDriver(); refused(err) {
				t.Skip(err)
			} else if err == nil {
				d.Stop()
				_ = d.Run(&miniEcho{d: d})
			}
			child := exec.Command(os.Args[0], "-test.run=^TestAdoptEMFILEChild$", "-test.v")
			child.Env = append(os.Environ(), adoptChild+"="+name)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("child: %v\n%s", err, out)
			}
		})
	}
}

// TestAdoptEMFILEChild is the child's main.
func TestAdoptEMFILEChild(t *testing.T) {
	name := os.Getenv(adoptChild)
	if name == "" {
		t.Skip("runs as a child of TestAdoptEMFILE only")
	}
	d, err := drivers[name]()
	if err != nil {
		t.Fatal(err)
	}
	near, far := tcpPair(t)
	done := make(chan error, 1)
	go func() { done <- d.Run(&miniEcho{d: d}) }()
	adopt := func() (id uint32, err error) {
		ran := make(chan struct{})
		d.Post(task(func() {
			if id, err = d.Adopt(near); err == nil {
				d.Receive(id)
			}
			close(ran)
		}))
		<-ran
		return id, err
	}
	limit := exhaust(t)
	_, err = adopt()
	if name == "uring" {
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("Adopt without a descriptor left: %v", err)
		}
		if _, err := near.Write([]byte("mine")); err != nil {
			t.Errorf("it is still the caller's: %v", err)
		}
		if _, err := io.ReadFull(far, make([]byte, 4)); err != nil {
			t.Error(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		_, err = adopt()
	}
	if err != nil {
		t.Fatalf("Adopt: %v", err)
	}
	b := []byte("hello")
	if _, err := far.Write(b); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, b); err != nil || string(b) != "hello" {
		t.Errorf("echo %q, %v", b, err)
	}
	d.Stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

type task func()

func (t task) RunTask() { t() }

var _ conn.Task = task(nil)

// tcpPair is a connection, its far end with a deadline.
func tcpPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if near, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	_ = far.SetDeadline(time.Now().Add(20 * time.Second))
	return near, far
}

// exhaust takes every descriptor that is left, and returns the limit as it was.
func exhaust(t *testing.T) (was syscall.Rlimit) {
	t.Helper()
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	few := syscall.Rlimit{Cur: uint64(len(open) + 4), Max: was.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := os.Open("/dev/null")
		if errors.Is(err, syscall.EMFILE) {
			return was
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
	}
}
