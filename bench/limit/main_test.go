//go:build linux

package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/peertest"
	"github.com/ringwire/ringwire/ring"
)

// TestMain lets the test binary be the server: limit runs until a signal ends it.
func TestMain(m *testing.M) {
	if os.Getenv("LIMIT_SERVE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestServes(t *testing.T) {
	for _, loops := range []string{"1", "2"} {
		t.Run("loops="+loops, func(t *testing.T) {
			serving(t, []string{"-loops", loops}, func(addr string) {
				peertest.Pipelining(t, addr)
				churn(t, addr, 2000)
			})
		})
	}
}

func TestEchoes(t *testing.T) {
	serving(t, []string{"-ws"}, func(addr string) {
		peertest.Echo(t, addr)
		churn(t, addr, 2000)
	})
}

// serving runs the server in a process of its own meanwhile.
func serving(t *testing.T, args []string, check func(addr string)) {
	if err := ring.Available(); err != nil {
		t.Skip("no io_uring here: ", err)
	}
	addr := peertest.FreeAddr(t)
	cmd := exec.Command(os.Args[0], append([]string{"-addr", addr}, args...)...)
	cmd.Env = append(os.Environ(), "LIMIT_SERVE=1")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, addr)
	check(addr)
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// churn opens and closes connections one after another: descriptors come back, or the server ends with EMFILE.
func churn(t *testing.T, addr string, n int) {
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		if _, err := c.Read(make([]byte, 16)); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
}

func waitFor(t *testing.T, addr string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestListenErrors(t *testing.T) {
	if _, err := listen("nonsense"); err == nil {
		t.Error("no error for a bad address")
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if _, err := listen(ln.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("address in use: got %v, want EADDRINUSE", err)
	}
}
