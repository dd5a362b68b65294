//go:build linux

// Package process runs a server in a process of its own: what it printed, whether it still lives, and its end.
package process

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"syscall"
	"time"
)

// StopLimit is how long a process may take to end after SIGTERM.
const StopLimit = 6 * time.Second

// Process is a command that was started.
type Process struct {
	Cmd    *exec.Cmd
	Output *Tail         // what it prints to where this is its output
	Exited chan struct{} // closed at its end
	err    error         // of its exit; read after Exited
}

// New is a process that has not been started, and whose output goes nowhere yet.
func New(cmd *exec.Cmd) *Process {
	return &Process{Cmd: cmd, Output: &Tail{}, Exited: make(chan struct{})}
}

// Watch waits for the end of a process that runs. It is called once.
func (p *Process) Watch() {
	go func() {
		p.err = p.Cmd.Wait()
		close(p.Exited)
	}()
}

// Died says that the process has ended, which it should not have, nil if it lives.
func (p *Process) Died() error {
	select {
	case <-p.Exited:
		return fmt.Errorf("the server ended (%v): %s", p.err, p.Output)
	default:
		return nil
	}
}

// Await calls ready until that succeeds, the process has ended, or limit has passed or ctx ended.
func (p *Process) Await(ctx context.Context, limit time.Duration, ready func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.Exited:
			return p.Died()
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", err, p.Output)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Stop asks the process to end, and ends it when it does not.
func (p *Process) Stop() {
	_ = p.Cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.Exited:
	case <-time.After(StopLimit):
		_ = p.Cmd.Process.Kill()
		<-p.Exited
	}
}

// FreeAddr is an address that nobody listened on a moment ago.
func FreeAddr() (string, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
