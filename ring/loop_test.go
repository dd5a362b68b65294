//go:build linux

package ring

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sink is a user of a loop that receives everything and counts it.
type sink struct {
	l        *Loop
	received atomic.Int64
	open     atomic.Int32
	maxID    uint32
	stats    LoopStats // as of the last Turn
}

func (s *sink) Opened(id uint32) {
	s.open.Add(1)
	s.maxID = max(s.maxID, id)
	s.l.Receive(id)
}
func (s *sink) Received(_ uint32, p []byte) { s.received.Add(int64(len(p))) }
func (s *sink) Ended(id uint32, _ error)    { s.l.Close(id) }
func (s *sink) Sent(uint32, int, error)     {}
func (s *sink) Closed(uint32)               { s.open.Add(-1) }
func (s *sink) AcceptFailed(error)          {}
func (s *sink) Turn(int64) int64            { s.stats = s.l.Stats(); return 0 }

// listening is a loop on a loopback port. Who runs it ends it.
func listening(t testing.TB, cfg LoopConfig) (l *Loop, addr string) {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip(err)
	}
	l, err := NewLoop(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	if err := l.Listen(ln); err != nil {
		t.Fatal(err)
	}
	return l, addr
}

// startLoop runs a loop on a loopback port and returns it with its user and address. It
// is stopped, and everything checked to be closed, at the test's end; stop does so before.
func startLoop(t testing.TB, cfg LoopConfig) (s *sink, addr string, stop func()) {
	t.Helper()
	l, addr := listening(t, cfg)
	s = &sink{l: l}
	done := make(chan error, 1)
	go func() { done <- l.Run(s) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		l.Stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if n := s.open.Load(); n != 0 {
			t.Errorf("%d connections were not Closed when Run returned", n)
		}
	}
	t.Cleanup(stop)
	return s, addr, stop
}

// until waits for a condition that other goroutines bring about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 10 s: %s", what)
		}
	}
}

// The ring needs a blocking socket, and Go's poller must no longer know it.
func TestListenTakesTheSocketOver(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	l, err := NewLoop(LoopConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(ln); err != nil {
		t.Fatal(err)
	}
	if _, err := ln.Accept(); err == nil {
		t.Error("the listener still accepts")
	}
	flags, err := unix.FcntlInt(uintptr(l.listeners[0].fd), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_NONBLOCK != 0 {
		t.Errorf("flags %#x, %v: the ring would not wait on a non-blocking socket", flags, err)
	}
	l.Stop()
	if err := l.Run(&sink{l: l}); err != nil {
		t.Error(err)
	}
}

// A slot is reused, so that ids stay small however many connections come and go.
func TestSlotsAreReused(t *testing.T) {
	s, addr, stop := startLoop(t, LoopConfig{})
	for range 50 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		until(t, "not opened", func() bool { return s.open.Load() == 1 })
		_ = c.Close()
		until(t, "not closed", func() bool { return s.open.Load() == 0 })
	}
	stop()
	if s.maxID != 0 {
		t.Errorf("ids up to %d were given for one connection at a time", s.maxID)
	}
}

// More senders than buffers: receivers find the group empty, and go on when buffers
// are home. Nobody's bytes are lost, and nobody is forgotten.
func TestNoBuffers(t *testing.T) {
	s, addr, stop := startLoop(t, LoopConfig{Buffers: 2, BufferSize: 512})
	const senders, each = 20, 256 << 10
	errs := make(chan error, senders)
	for range senders {
		go func() {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				_, err = io.Copy(c, io.LimitReader(zeros{}, each))
				_ = c.Close()
			}
			errs <- err
		}()
	}
	for range senders {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	until(t, "bytes are missing", func() bool { return s.received.Load() == senders*each })
	stop()
	if s.stats.NoBuffers == 0 {
		t.Error("two buffers were enough for twenty senders: the test shows nothing")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
