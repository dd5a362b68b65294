package mem

import (
	"bytes"
	"sync"
	"testing"
)

// A frame that several loops send: each links a clone, reads, and releases on its own
// goroutine; the buffer comes home to its allocator.
func TestShareAmongLoops(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			home := NewAllocator(cfg)
			const loops, frames = 4, 50
			var wg sync.WaitGroup
			queues := make([]chan Lease, loops)
			want := text(700, 1)
			for i := range queues {
				queues[i] = make(chan Lease, 8)
				wg.Go(func() { sendAll(t, cfg, queues[i], want) })
			}
			for range frames {
				l := leaseOf(home, 0, want).Share()
				for _, q := range queues {
					q <- l.Clone()
				}
				l.Release()
				home.Collect()
			}
			for _, q := range queues {
				close(q)
			}
			wg.Wait()
			if s := home.Stats(); s.Leased != 0 {
				t.Errorf("%d leases are out", s.Leased)
			} else if !cfg.Shared && s.ForeignReleases == 0 {
				t.Error("no release was foreign")
			}
			closeAll(t, home)
		})
	}
}

// sendAll is a loop with two connections, both of which send every frame.
func sendAll(t *testing.T, cfg Config, frames <-chan Lease, want []byte) {
	a := NewAllocator(cfg)
	var conns [2]Segments
	for i := range conns {
		conns[i].Init(a)
	}
	for l := range frames {
		for i := range conns {
			conns[i].Append(l.Clone(), 0, len(want))
		}
		l.Release()
		for i := range conns {
			if !bytes.Equal(conns[i].First(), want) {
				t.Error("the frame has changed")
			}
			conns[i].Discard(len(want))
		}
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// A buffer that has been shared is an ordinary one in its next life.
func TestShareEndsAtHome(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	l := a.Lease(100).Share()
	l.Release()
	if n := a.Stats().Leased; n != 0 {
		t.Fatalf("%d out", n)
	}
	l = a.Lease(100)
	if l.b.flags&flagForeign != 0 {
		t.Error("still shared")
	}
	l.Release()
}

// Lease finds what lies in the queue before it takes new memory.
func TestLeaseCollects(t *testing.T) {
	if guard {
		t.Skip("a checking build reuses nothing")
	}
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	l := a.Lease(100).Share()
	first := l.b
	done := make(chan bool)
	go func() {
		l.Release()
		close(done)
	}()
	<-done
	if l = a.Lease(100); l.b != first {
		t.Error("new memory was taken")
	}
	l.Release()
}

func BenchmarkShare(b *testing.B) {
	a := NewAllocator(Config{})
	for b.Loop() {
		a.Lease(4096).Share().Release()
		a.Collect()
	}
}
