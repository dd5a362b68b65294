package mem

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// One frame, several loops, many connections each: the loops count for themselves, and the buffer comes home with the
// last byte of the last.
func TestLocalize(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			home := NewAllocator(Config{Shared: true, Heap: cfg.Heap})
			want := text(700, 1)
			frame := leaseOf(home, 0, want)
			var wg sync.WaitGroup
			for range 4 {
				l := frame.Clone()
				wg.Go(func() { broadcast(t, cfg, l, want) })
			}
			frame.Release()
			wg.Wait()
			if n := home.Stats().Leased; n != 0 {
				t.Errorf("%d leases are out", n)
			}
			closeAll(t, home)
		})
	}
}

// broadcast is a loop with some connections, all of which send l.
func broadcast(t *testing.T, cfg Config, l Lease, want []byte) {
	a := NewAllocator(cfg)
	var conns [5]Segments
	for range 3 { // headers and nodes are used again
		local := a.Localize(l.Clone())
		for i := range conns {
			conns[i].Init(a)
			conns[i].Append(local.Clone(), 0, len(want))
		}
		local.Release()
		for i := range conns {
			if !bytes.Equal(conns[i].Flatten(), want) {
				t.Error("the frame has changed")
			}
			conns[i].Discard(len(want))
		}
	}
	l.Release()
	closeAll(t, a)
}

// What nobody else can have is counted here already.
func TestLocalizeOwn(t *testing.T) {
	a, shared := NewAllocator(Config{}), NewAllocator(Config{Shared: true})
	if l := a.Lease(10); a.Localize(l) != l {
		t.Error("a loop's own lease was replaced")
	} else {
		l.Release()
	}
	if l := shared.Lease(10); shared.Localize(l) != l {
		t.Error("a shared allocator cannot count without atomics, but tried")
	} else {
		l.Release()
	}
	closeAll(t, a)
	closeAll(t, shared)
}

// A single owner here says nothing about the owners elsewhere: it is not written to.
func TestLocalizeIsReadOnly(t *testing.T) {
	home, a := NewAllocator(Config{Shared: true}), NewAllocator(Config{})
	var s Segments
	s.Init(a)
	s.Append(a.Localize(leaseOf(home, 0, text(700, 1))), 0, 700)
	func() {
		defer func() {
			if recover() != panicPatching {
				t.Error("bytes with owners elsewhere were written to")
			}
		}()
		s.Patch(0, []byte("x"))
	}()
	s.Truncate(600)
	s.AppendCopy([]byte("y"))
	if got := s.Flatten(); !bytes.Equal(got[:600], text(700, 1)[:600]) || string(got[600:]) != "y" {
		t.Error("what was appended is not what is there")
	}
	s.Release()
	closeAll(t, a)
	closeAll(t, home)
}

// An allocator whose loop keeps a localized lease does not close.
func TestLocalizeLeak(t *testing.T) {
	home, a := NewAllocator(Config{Shared: true}), NewAllocator(Config{})
	l := a.Localize(home.Lease(10))
	if err := a.Close(); err == nil || !strings.Contains(err.Error(), "1 localized") {
		t.Errorf("Close gave %v", err)
	}
	if err := home.Close(); err == nil {
		t.Error("the buffer was not kept")
	}
	l.Release()
	closeAll(t, a)
	closeAll(t, home)
}

// To send a frame to one more connection takes no memory.
func TestLocalizeAllocs(t *testing.T) {
	if guard {
		t.Skip("checking builds use a header once")
	}
	home, a := NewAllocator(Config{Shared: true}), NewAllocator(Config{})
	conns := make([]Segments, 100)
	for i := range conns {
		conns[i].Init(a)
	}
	if n := testing.AllocsPerRun(100, func() {
		l := a.Localize(home.Lease(600))
		for i := range conns {
			conns[i].Append(l.Clone(), 0, 600)
		}
		l.Release()
		for i := range conns {
			conns[i].Discard(600)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
	closeAll(t, a)
	closeAll(t, home)
}

// BenchmarkFanOut is a frame linked to 5000 outputs and sent, by how it is counted.
func BenchmarkFanOut(b *testing.B) {
	for _, name := range []string{"shared", "localized"} {
		b.Run(name, func(b *testing.B) {
			home, a := NewAllocator(Config{Shared: true}), NewAllocator(Config{})
			conns := make([]Segments, 5000)
			for i := range conns {
				conns[i].Init(a)
			}
			for b.Loop() {
				l := home.Lease(600)
				if name == "localized" {
					l = a.Localize(l)
				}
				for i := range conns {
					conns[i].Append(l.Clone(), 0, 600)
				}
				l.Release()
				for i := range conns {
					conns[i].Discard(600)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/output")
		})
	}
}
