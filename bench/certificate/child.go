//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
)

// child is a contestant in a process of its own, so that nothing is counted but what it allocates itself.
type child struct {
	cmd    *exec.Cmd
	addr   string
	ctl    *audit.Controller
	answer *os.File // its standard output
	output *tail
	exited chan struct{}
	err    error // of its exit; read after exited
}

const (
	startLimit  = 10 * time.Second
	stopLimit   = 6 * time.Second
	answerLimit = 30 * time.Second
)

// startChild starts a command that will serve on addr, and waits until it does.
func startChild(ctx context.Context, cmd *exec.Cmd, addr string) (*child, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, addr: addr, answer: out, output: &tail{}, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = theirs, c.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		out.Close()
		return nil, err
	}
	c.ctl = audit.NewController(in, out, c.output)
	go func() {
		c.err = cmd.Wait()
		close(c.exited)
	}()
	if err := c.waitListens(ctx); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *child) waitListens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		conn, err := net.DialTimeout("tcp4", c.addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-c.exited:
			return c.died()
		case <-ctx.Done():
			return fmt.Errorf("does not listen on %s: %w: %s", c.addr, err, c.output)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ask gives the audit a command. One that does not come back is an error, and the end of the child.
func (c *child) ask(command string, v any) error {
	guard := time.AfterFunc(answerLimit, func() { c.cmd.Process.Kill() })
	defer guard.Stop()
	if err := c.ctl.Ask(command, v); err != nil {
		return fmt.Errorf("%w: %s", err, c.output)
	}
	return nil
}

// died says that the server has ended, which it should not have.
func (c *child) died() error {
	select {
	case <-c.exited:
		return fmt.Errorf("the server ended (%v): %s", c.err, c.output)
	default:
		return nil
	}
}

// stop asks the server to end, and ends it when it does not.
func (c *child) stop() {
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.exited:
	case <-time.After(stopLimit):
		c.cmd.Process.Kill()
		<-c.exited
	}
	c.answer.Close()
}

// rss is the memory of the process that is in RAM, in bytes.
func (c *child) rss() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseStatm(b)
}

// parseStatm takes the second field, in pages.
func parseStatm(b []byte) (int64, error) {
	f := bytes.Fields(b)
	if len(f) < 2 {
		return 0, fmt.Errorf("parse /proc/pid/statm: %q", b)
	}
	pages, err := strconv.ParseInt(string(f[1]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("parse /proc/pid/statm: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
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
