//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench/internal/process"
	"github.com/ringwire/ringwire/bench/internal/secret"
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
	*process.Process
	addr   string
	secure bool // over TLS
}

// startLimit is how long a server may take until it answers.
const startLimit = 10 * time.Second

// startServer starts a command line and waits until GET /pipeline is answered with "ok", or a WebSocket is upgraded.
func startServer(ctx context.Context, cmd *exec.Cmd, addr string, p *profile, secure bool, set cpus) (*server, error) {
	s := &server{process.New(cmd), addr, secure}
	cmd.Stdout, cmd.Stderr = s.Output, s.Output
	if err := startOn(cmd, set); err != nil {
		return nil, err
	}
	s.Watch()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: secret.Client()}, Timeout: time.Second}
	ready := func() error { return answers(client, scheme(secure)+addr) }
	if p.isWebSocket() {
		ready = func() error { return p.verifySocket(addr) }
	}
	if err := s.Await(ctx, startLimit, ready); err != nil {
		s.Stop()
		return nil, fmt.Errorf("no answer on %s: %w", addr, err)
	}
	return s, nil
}

func scheme(secure bool) string {
	if secure {
		return "https://"
	}
	return "http://"
}

func answers(client *http.Client, url string) error {
	resp, err := client.Get(url + "/pipeline")
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
