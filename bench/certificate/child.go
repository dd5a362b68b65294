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
	"syscall"
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/process"
)

// child is a contestant in a process of its own, so that nothing is counted but what it allocates itself.
type child struct {
	*process.Process
	addr   string
	ctl    *audit.Controller
	answer *os.File // its standard output
}

const (
	startLimit  = 10 * time.Second
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
	c := &child{Process: process.New(cmd), addr: addr, answer: out}
	cmd.Stdout, cmd.Stderr = theirs, c.Output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it dies with this program
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		out.Close()
		return nil, err
	}
	c.ctl = audit.NewController(in, out, c.Output)
	c.Watch()
	if err := c.Await(ctx, startLimit, c.listens); err != nil {
		c.stop()
		return nil, fmt.Errorf("nobody listens on %s: %w", addr, err)
	}
	return c, nil
}

func (c *child) listens() error {
	conn, err := net.DialTimeout("tcp4", c.addr, time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

// ask gives the audit a command. One that does not come back is an error, and the end of the child.
func (c *child) ask(command string, v any) error {
	guard := time.AfterFunc(answerLimit, func() { c.Cmd.Process.Kill() })
	defer guard.Stop()
	if err := c.ctl.Ask(command, v); err != nil {
		return fmt.Errorf("%w: %s", err, c.Output)
	}
	return nil
}

// stop ends the process and what connects us with it.
func (c *child) stop() {
	c.Stop()
	c.answer.Close()
}

// rss is the memory of the process that is in RAM, in bytes.
func (c *child) rss() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.Cmd.Process.Pid))
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
