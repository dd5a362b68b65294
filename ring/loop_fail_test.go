//go:build linux

package ring

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ended waits for Run's answer.
func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Run did not return")
		return nil
	}
}

// When nothing can be submitted any more, a full queue must not hold the loop up for ever:
// Run returns why, and every connection is closed.
func TestRingFailsWithFullQueue(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	l, err := NewLoop(LoopConfig{Entries: 4})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if err := l.Listen(ln); err != nil {
		t.Fatal(err)
	}
	s := &sink{l: l}
	done := make(chan error, 1)
	go func() { done <- l.Run(s) }()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	until(t, "not opened", func() bool { return s.open.Load() == 1 })
	l.Post(taskFunc(func() {
		if err := l.ring.UnregisterRingFD(); err != nil {
			t.Error(err)
		}
		l.ring.enterFd = -1 // EBADF from here on
		for range 10 {
			l.Pause(0)
			l.Receive(0)
			l.slots[0].flags &^= halted // as if each cancellation had been answered
		}
	}))
	if err := ended(t, done); !errors.Is(err, unix.EBADF) {
		t.Errorf("Run returned %v, want the enter's error", err)
	}
	if n := s.open.Load(); n != 0 {
		t.Errorf("%d connections were not Closed", n)
	}
}

// A cancellation that missed its request, which the kernel was about to try again, is
// followed by something that cannot miss.
func TestCancelMisses(t *testing.T) {
	s, addr, stop := startLoop(t, LoopConfig{})
	missed := func(id uint32) {
		s.l.complete(&CQE{UserData: userData(opCancel, s.l.slots[id].gen, id), Res: -int32(unix.ENOENT)})
	}
	connect := func() net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		until(t, "not opened", func() bool { return s.open.Load() == 1 })
		return c
	}
	// Close: nobody else will end the receive.
	c := connect()
	s.l.Post(taskFunc(func() {
		s.l.slots[0].flags |= closing
		missed(0)
	}))
	until(t, "not closed", func() bool { return s.open.Load() == 0 })
	_ = c.Close()

	// Pause: it is cancelled again. A late answer to a cancellation of before does no harm.
	c = connect()
	defer c.Close()
	paused := make(chan bool)
	s.l.Post(taskFunc(func() {
		missed(0)
		if s.l.slots[0].flags&(armed|halted) != armed {
			t.Error("a wanted receive was cancelled")
		}
		s.l.slots[0].flags = s.l.slots[0].flags&^wanted | halted
		missed(0)
	}))
	until(t, "still armed", func() bool {
		s.l.Post(taskFunc(func() { paused <- s.l.slots[0].flags&armed == 0 }))
		return <-paused
	})
	stop()
}

// The memory of the buffers' ring is asked for before anything is served, so that netpoll
// can still take over; and it may become less.
func TestBuffersShrinkWithoutMemory(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give CAP_IPC_LOCK up on one thread")
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 256 << 10, Max: old.Max}); err != nil {
		t.Skipf("cannot lower the limit: %v", err)
	}
	defer unix.Setrlimit(unix.RLIMIT_MEMLOCK, &old)
	type result struct {
		buffers uint32
		err     error
	}
	results := make(chan result)
	go func() {
		runtime.LockOSThread() // for good: the thread dies with its capabilities
		dropCapabilities(t)
		var res result
		l, err := NewLoop(LoopConfig{Entries: 64, Buffers: 32768, BufferSize: 256}) // names of half a megabyte
		if res.err = err; err == nil {
			res.buffers = l.Stats().Buffers
			l.Stop()
			res.err = l.Run(&sink{l: l})
		}
		results <- res
	}()
	switch res := <-results; {
	case res.err != nil:
		t.Errorf("did not shrink: %v", res.err)
	case res.buffers == 32768:
		t.Skip("this kernel does not charge buffer rings to RLIMIT_MEMLOCK")
	case res.buffers < minBuffers:
		t.Errorf("%d buffers", res.buffers)
	}
}
