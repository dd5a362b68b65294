package mem

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

func TestLeaseSizes(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			for _, size := range classSize {
				for _, n := range []int{size - 1, size} {
					l := a.Lease(n)
					if l.Cap() != size || len(l.Bytes()) != size || cap(l.Bytes()) != size {
						t.Errorf("Lease(%d): cap %d, want %d", n, l.Cap(), size)
					}
					l.Release()
				}
				if l := a.Lease(size + 1); l.Cap() <= size {
					t.Errorf("Lease(%d) has %d bytes", size+1, l.Cap())
				} else {
					l.Release()
				}
			}
			for _, n := range []int{0, 1} {
				l := a.Lease(n)
				if l.Cap() != classSize[0] {
					t.Errorf("Lease(%d): cap %d", n, l.Cap())
				}
				l.Release()
			}
			l := a.Lease(5 << 20)
			if l.Cap() < 5<<20 {
				t.Errorf("Lease(5 MiB): cap %d", l.Cap())
			}
			l.Bytes()[5<<20-1] = 1
			l.Release()
		})
	}
}

func TestLeaseNegative(t *testing.T) {
	for name, cfg := range configs {
		a := NewAllocator(cfg)
		if panicOf(func() { a.Lease(-1) }) == nil {
			t.Errorf("%s: Lease(-1) was accepted", name)
		}
	}
}

func TestLeaseValid(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var l Lease
	if l.Valid() {
		t.Error("the zero Lease is valid")
	}
	l = a.Lease(1)
	if !l.Valid() {
		t.Error("a lease is not valid")
	}
	l.Release()
}

// Buffers that are out at the same time never overlap.
func TestLeasesAreDisjoint(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			var out []Lease
			for round := range 3 {
				for i := range 300 {
					l := a.Lease(classSize[i%4])
					copy(l.Bytes(), bytes.Repeat([]byte{byte(len(out))}, l.Cap()))
					out = append(out, l)
				}
				for i, l := range out {
					if bytes.Count(l.Bytes(), []byte{byte(i)}) != l.Cap() {
						t.Fatalf("lease %d was overwritten", i)
					}
				}
				for len(out) > 100*(2-round) {
					out[len(out)-1].Release()
					out = out[:len(out)-1]
				}
			}
		})
	}
}

func TestFreeListIsLIFO(t *testing.T) {
	if guard {
		t.Skip("checking builds never reuse at once")
	}
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	x, y := a.Lease(100), a.Lease(100)
	x.Release()
	y.Release()
	first, second := a.Lease(100), a.Lease(100)
	if first != y || second != x {
		t.Error("the buffer released last is not leased first")
	}
	first.Release()
	second.Release()
}

func TestClone(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			l := a.Lease(600)
			c := l.Clone()
			l.Bytes()[3] = 42
			l.Release()
			if n := a.Stats().Leased; n != 1 {
				t.Errorf("%d out with one owner left, want 1", n)
			}
			if c.Bytes()[3] != 42 {
				t.Error("the clone does not see the bytes")
			}
			c.Release()
			if n := a.Stats().Leased; n != 0 {
				t.Errorf("%d out without owner", n)
			}
		})
	}
}

func TestStats(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			x, y, z := a.Lease(2048), a.Lease(2048), a.Lease(1<<20)
			x.Release()
			s := a.Stats()
			if c := s.Classes[1]; c.Size != 2048 || c.Leased != 1 || c.HighWater != 2 {
				t.Errorf("class of 2 KiB: %+v", c)
			}
			if c := s.Classes[numClasses]; c.Size != 0 || c.Leased != 1 || c.HighWater != 1 {
				t.Errorf("large leases: %+v", c)
			}
			if s.Leased != 2 {
				t.Errorf("%d leased, want 2", s.Leased)
			}
			if cfg.Heap && (s.Mapped != 0 || s.Misses != 0) {
				t.Errorf("heap leases: %d bytes mapped, %d misses", s.Mapped, s.Misses)
			}
			y.Release()
			z.Release()
		})
	}
}

func TestHighWaterAcrossReuse(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	for range 3 {
		var out []Lease
		for range 10 {
			out = append(out, a.Lease(1))
		}
		for _, l := range out {
			l.Release()
		}
	}
	if c := a.Stats().Classes[0]; c.HighWater != 10 || c.Leased != 0 {
		t.Errorf("%+v, want a high water of 10", c)
	}
}

func TestLimitFallsBackToHeap(t *testing.T) {
	const limit = 1 << 20
	a := NewAllocator(Config{Limit: limit})
	defer closeAll(t, a)
	var out []Lease
	for range 40 {
		l := a.Lease(64 << 10)
		l.Bytes()[64<<10-1] = 1
		out = append(out, l)
	}
	s := a.Stats()
	if s.Mapped > limit || s.Leased != 40 {
		t.Errorf("%d bytes mapped, %d leased", s.Mapped, s.Leased)
	}
	if want := uint64(40 - 16); s.Misses != want || s.Classes[4].Misses != want {
		t.Errorf("%d misses, want %d", s.Misses, want)
	}
	if l := a.Lease(8 << 20); a.Stats().Classes[numClasses].Misses != 1 {
		t.Error("a large lease beyond the limit is no miss")
	} else {
		l.Release()
	}
	for _, l := range out {
		l.Release()
	}
}

func TestLimitNone(t *testing.T) {
	a := NewAllocator(Config{Limit: -1})
	defer closeAll(t, a)
	if a.cfg.Limit >= 0 {
		t.Errorf("limit %d", a.cfg.Limit)
	}
	a.Lease(1 << 20).Release()
	if n := a.Stats().Misses; n != 0 {
		t.Errorf("%d misses without a limit", n)
	}
}

func TestLargeLeasesGoBackToTheSystem(t *testing.T) {
	if guard {
		t.Skip("checking builds keep them for a while")
	}
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	for range 100 {
		a.Lease(1 << 20).Release()
	}
	if n := a.Stats().Mapped; n != 0 {
		t.Errorf("%d bytes mapped with nothing out", n)
	}
}

func TestCloseListsLeaks(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			x, y, z := a.Lease(512), a.Lease(512), a.Lease(300<<10)
			err := a.Close()
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{"2 of 512 B", "1 over 262144 B"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if guard && !strings.Contains(err.Error(), "TestCloseListsLeaks") {
				t.Errorf("no acquire site in %q", err)
			}
			x.Bytes()[0], z.Bytes()[0] = 1, 1 // still usable
			x.Release()
			y.Release()
			z.Release()
			closeAll(t, a)
			if n := a.Stats().Mapped; n != 0 {
				t.Errorf("%d bytes mapped after Close", n)
			}
		})
	}
}

func TestLeaseAfterClose(t *testing.T) {
	a := NewAllocator(Config{})
	a.Lease(100).Release()
	closeAll(t, a)
	l := a.Lease(100)
	l.Bytes()[99] = 1
	if s := a.Stats(); s.Misses != 1 || s.Leased != 1 || s.Mapped != 0 {
		t.Errorf("after Close: %+v", s)
	}
	l.Release()
	closeAll(t, a)
}

func TestSharedFromManyGoroutines(t *testing.T) {
	a := NewAllocator(Config{Shared: true})
	defer closeAll(t, a)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				l := a.Lease(1 + i*7)
				l.Bytes()[0] = byte(g)
				c := l.Clone()
				wg.Go(c.Release) // the last owner may be anywhere
				if l.Bytes()[0] != byte(g) {
					t.Error("somebody else wrote into a lease")
				}
				l.Release()
			}
		})
	}
	wg.Wait()
}

func TestLeaseAllocatesNothing(t *testing.T) {
	if guard {
		t.Skip("checking builds use a header for each lease")
	}
	sizes := 10 // up to 256 KiB
	if protects() {
		sizes += 2 // large ones are mappings, and headers are reused
	}
	for name, cfg := range map[string]Config{"loop": {}, "shared": {Shared: true}} {
		a := NewAllocator(cfg)
		if n := testing.AllocsPerRun(500, func() {
			for i := range sizes {
				l := a.Lease(512 << i)
				l.Clone().Release()
				l.Release()
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		closeAll(t, a)
	}
}
