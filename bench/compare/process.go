//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cpus is a set of processors; empty is all of them.
type cpus []int

// startOn starts a command on a set of processors, which the child inherits from the thread that makes it. The
// child dies with this program.
func startOn(cmd *exec.Cmd, set cpus) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if len(set) == 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old, pinned unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		return fmt.Errorf("get affinity: %w", err)
	}
	for _, cpu := range set {
		pinned.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &pinned); err != nil {
		return fmt.Errorf("pin to %v: %w", set, err)
	}
	defer unix.SchedSetaffinity(0, &old)
	return cmd.Start()
}

// server is a running contestant.
type server struct {
	cmd    *exec.Cmd
	addr   string
	output *tail
	exited chan struct{}
	err    error // of its exit; read after exited
}

const (
	startLimit = 10 * time.Second
	stopLimit  = 6 * time.Second
)

// startServer starts a command line and waits until GET /pipeline is answered with "ok".
func startServer(ctx context.Context, cmd *exec.Cmd, addr string, set cpus) (*server, error) {
	s := &server{cmd: cmd, addr: addr, output: &tail{}, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = s.output, s.output
	if err := startOn(cmd, set); err != nil {
		return nil, err
	}
	go func() {
		s.err = cmd.Wait()
		close(s.exited)
	}()
	if err := s.waitAnswers(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) waitAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	var err error
	for {
		if err = answers(client, s.addr); err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("ended at once (%v): %s", s.err, s.output)
		case <-ctx.Done():
			return fmt.Errorf("does not answer on %s: %w: %s", s.addr, err, s.output)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func answers(client *http.Client, addr string) error {
	resp, err := client.Get("http://" + addr + "/pipeline")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err == nil && (resp.StatusCode != http.StatusOK || string(body) != "ok") {
		err = fmt.Errorf("GET /pipeline: status %d, body %q", resp.StatusCode, body)
	}
	return err
}

// stop asks the server to end, and ends it when it does not.
func (s *server) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(stopLimit):
		s.cmd.Process.Kill()
		<-s.exited
	}
}

// died says that the server has ended, which it should not have.
func (s *server) died() error {
	select {
	case <-s.exited:
		return fmt.Errorf("the server ended (%v): %s", s.err, s.output)
	default:
		return nil
	}
}

// freeAddr is an address that nobody listened on a moment ago.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// tail keeps the last of what a process printed, for error messages.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailSize; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := bytes.TrimSpace(t.buf); len(s) > 0 {
		return string(s)
	}
	return "(it printed nothing)"
}
