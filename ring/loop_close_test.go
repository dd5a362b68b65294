//go:build linux

package ring

import (
	"io"
	"net"
	"sync"
	"testing"
)

// culler closes all connections when another one comes: among them are some that ran out
// of buffers in the same batch of completions.
type culler struct{ sink }

func (c *culler) Opened(id uint32) {
	c.sink.Opened(id)
	for other := range c.maxID + 1 {
		if other != id {
			c.l.Close(other)
		}
	}
}

// A receiver that was closed while it waited for buffers is not started again: its
// descriptor's number may be somebody else's by then.
func TestCloseWhileStarved(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	l, err := NewLoop(LoopConfig{Buffers: 2, BufferSize: 256})
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
	c := &culler{sink: sink{l: l}}
	done := make(chan error, 1)
	go func() { done <- l.Run(c) }()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 60 {
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(conn, io.LimitReader(zeros{}, 64<<10))
				_ = conn.Close()
			}
		})
	}
	wg.Wait()
	l.Stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if c.stats.NoBuffers == 0 {
		t.Error("two buffers were enough: the test shows nothing")
	}
	if n := c.open.Load(); n != 0 {
		t.Errorf("%d connections were not Closed", n)
	}
}
