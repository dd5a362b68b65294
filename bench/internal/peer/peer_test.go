//go:build unix

package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

type fake struct {
	stopped chan struct{}
	err     error
}

func (f *fake) Shutdown(context.Context) error {
	close(f.stopped)
	return f.err
}

// interrupt sends this process SIGTERM once the peer has printed its start line.
type interrupt struct{ bytes.Buffer }

func (i *interrupt) Write(p []byte) (int, error) {
	syscall.Kill(syscall.Getpid(), syscall.SIGTERM)
	return i.Buffer.Write(p)
}

func TestRunUntilSIGTERM(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{{nil, 0}, {context.DeadlineExceeded, 0}, {errors.New("broken"), 1}} {
		f := &fake{stopped: make(chan struct{}), err: c.err}
		var got Options
		var out interrupt
		code := run("fake", []string{"-addr", "127.0.0.1:1", "-timeouts=false"}, &out, io.Discard, func(o Options) (Server, error) {
			got = o
			return f, nil
		})
		if code != c.want {
			t.Errorf("Shutdown error %v: exit code %d, want %d", c.err, code, c.want)
		}
		select {
		case <-f.stopped:
		case <-time.After(time.Second):
			t.Error("ended without Shutdown")
		}
		if got != (Options{Addr: "127.0.0.1:1", Hz: 60}) {
			t.Errorf("started with %+v", got)
		}
		if out.String() != "fake listening on 127.0.0.1:1\n" {
			t.Errorf("start line %q", out.String())
		}
	}
}

func TestRunErrors(t *testing.T) {
	broken := func(Options) (Server, error) { return nil, errors.New("address taken") }
	var stderr bytes.Buffer
	if code := run("fake", nil, io.Discard, &stderr, broken); code != 1 || !strings.Contains(stderr.String(), "fake: address taken") {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
	if code := run("fake", []string{"-nonsense"}, io.Discard, io.Discard, broken); code != 2 {
		t.Errorf("bad flag: exit code %d, want 2", code)
	}
	if code := run("fake", []string{"-hz", "0"}, io.Discard, io.Discard, broken); code != 2 {
		t.Errorf("-hz 0: exit code %d, want 2", code)
	}
	if code := run("fake", []string{"-h"}, io.Discard, io.Discard, broken); code != 0 {
		t.Errorf("-h: exit code %d, want 0", code)
	}
}

func TestAvailable(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if Available(addr) == nil {
		t.Error("a taken address is called available")
	}
	ln.Close()
	if err := Available(addr); err != nil {
		t.Errorf("a free address: %v", err)
	}
}
