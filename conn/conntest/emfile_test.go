//go:build linux

package conntest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/fallback"
	"github.com/ringwire/ringwire/ring"
)

var drivers = map[string]func() (conn.Driver, error){
	"netpoll":  netpoll(fallback.Config{}),
	"portable": netpoll(fallback.Config{Portable: true}),
	"uring":    uring,
}

// refused reports whether a driver cannot be had on this machine, for a reason that is not its fault.
func refused(err error) bool {
	var re *ring.Error
	return errors.Is(err, errors.ErrUnsupported) || errors.As(err, &re) && (re.Kind == ring.Forbidden || re.Kind == ring.Unsupported)
}

// emfileChild says that this process is a child of TestEMFILE, and which driver it runs.
const emfileChild = "RINGWIRE_TEST_EMFILE_DRIVER"

// TestEMFILE: a process without descriptors left reports that, serves the connections it has,
// and accepts the waiting ones as soon as it can.
func TestEMFILE(t *testing.T) {
	for name, newDriver := range drivers {
		t.Run(name, func(t *testing.T) {
			if d, err := newDriver(); refused(err) {
				t.Skip(err)
			} else if err == nil {
				d.Stop()
				_ = d.Run(&miniEcho{d: d})
			}
			testEMFILE(t, name)
		})
	}
}

func testEMFILE(t *testing.T, driver string) {
	child := exec.Command(os.Args[0], "-test.run=^TestEMFILEChild$")
	child.Env = append(os.Environ(), emfileChild+"="+driver)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe() // its end ends the child
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		if err := child.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	}()
	lines := bufio.NewScanner(stdout)
	address := strings.TrimPrefix(next(t, lines, "listening "), "listening ")

	const peers = 30 // more than the child has descriptors for
	var answered, wg = make(chan net.Conn, peers), sync.WaitGroup{}
	for range peers {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			b := []byte("x")
			if _, err := c.Write(b); err != nil {
				t.Errorf("write: %v", err)
			}
			if _, err := io.ReadFull(c, b); err != nil {
				t.Errorf("a peer got no answer: %v", err)
			}
			answered <- c
		}()
	}
	if line := next(t, lines, "failed "); !strings.Contains(line, "true") {
		t.Errorf("AcceptFailed does not match syscall.EMFILE: %q", line)
	}
	for range peers { // each that is served makes room for one that waits
		c := <-answered
		_ = c.Close()
	}
	wg.Wait()
}

// next returns the child's next line that begins with prefix.
func next(t *testing.T, lines *bufio.Scanner, prefix string) string {
	t.Helper()
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), prefix) {
			return lines.Text()
		}
	}
	t.Fatalf("the child said nothing that begins with %q", prefix)
	return ""
}

// TestEMFILEChild is the child's main.
func TestEMFILEChild(t *testing.T) {
	newDriver := drivers[os.Getenv(emfileChild)]
	if newDriver == nil {
		t.Skip("runs as a child of TestEMFILE only")
	}
	d, err := newDriver()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Listen(ln); err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	few := uint64(len(open) + 8)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: few, Max: few}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("listening", ln.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		d.Stop()
	}()
	if err := d.Run(&miniEcho{d: d}); err != nil {
		t.Error(err)
	}
}

// miniEcho echoes single small messages. It allocates nothing.
type miniEcho struct {
	d      conn.Driver
	bufs   [64][64]byte
	out    [1][]byte
	failed bool
}

func (e *miniEcho) Opened(id uint32) { e.d.Receive(id) }
func (e *miniEcho) Received(id uint32, p []byte) {
	b := &e.bufs[id%64]
	e.out[0] = b[:copy(b[:], p)]
	e.d.Send(id, e.out[:])
}
func (e *miniEcho) Ended(id uint32, _ error)     { e.d.Close(id) }
func (e *miniEcho) Sent(uint32, int, error)      {}
func (e *miniEcho) Closed(uint32)                {}
func (e *miniEcho) Turn(now int64) (again int64) { return now + int64(time.Second) }
func (e *miniEcho) AcceptFailed(err error) {
	if !e.failed {
		e.failed = true
		fmt.Println("failed", errors.Is(err, syscall.EMFILE), err)
	}
}

// TestAllocations: an echo allocates nothing in the steady state, over a real socket.
func TestAllocations(t *testing.T) {
	if checked {
		t.Skip("the race detector and the guards allocate, too")
	}
	for name, newDriver := range drivers {
		if name == "portable" {
			continue // its net.Buffers escape; it promises correctness
		}
		t.Run(name, func(t *testing.T) {
			d, err := newDriver()
			if refused(err) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Listen(ln); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- d.Run(&miniEcho{d: d}) }()
			defer func() { d.Stop(); <-done }()
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			b := []byte("ping")
			task := &nothing{}
			echo := func() {
				if _, err := c.Write(b); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(c, b); err != nil {
					t.Fatal(err)
				}
				d.Post(task)
			}
			for range 1000 {
				echo()
			}
			if avg := testing.AllocsPerRun(20_000, echo); avg >= 0.01 {
				t.Errorf("%v allocations per echo and posted task", avg)
			}
		})
	}
}

type nothing struct{ runs int }

func (n *nothing) RunTask() { n.runs++ }
