package mem

import (
	"math/rand/v2"
	"runtime"
	"testing"
)

// fillSlabs leases so much that several slabs of a class are in use.
func fillSlabs(a *Allocator, size, slabs int) (leases []Lease) {
	per := min(defaultSlabSize/size, slabHeaders)
	for range per*slabs - per/2 {
		leases = append(leases, a.Lease(size))
	}
	return leases
}

func skipGuard(t *testing.T) {
	if guard {
		t.Skip("a checking build has no slabs")
	}
}

// What is wholly free goes away, the slab being cut included, and nothing else.
func TestTrim(t *testing.T) {
	skipGuard(t)
	for name, cfg := range map[string]Config{"loop": {}, "shared": {Shared: true}, "huge": {HugePages: true}} {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			var leases []Lease
			for _, size := range []int{512, 4096, 16 << 10, 256 << 10} {
				leases = append(leases, fillSlabs(a, size, 3)...)
			}
			if n := a.Trim(); n != 0 {
				t.Fatalf("%d bytes trimmed while all is leased", n)
			}
			one := leases[len(leases)-1]
			copy(one.Bytes(), "still here")
			for _, l := range leases[:len(leases)-1] {
				l.Release()
			}
			mapped := a.Stats().Mapped
			if n := a.Trim(); n == 0 || a.Stats().Mapped != mapped-n {
				t.Errorf("%d of %d bytes trimmed, %d are left", n, mapped, a.Stats().Mapped)
			}
			if len(a.slabs) != 1 {
				t.Errorf("%d slabs are left, want the one that is in use", len(a.slabs))
			}
			if string(one.Bytes()[:10]) != "still here" {
				t.Error("a leased buffer changed")
			}
			one.Release()
			a.Trim()
			if s := a.Stats(); s.Mapped != 0 || s.Leased != 0 || s.Classes[2].Free != 0 {
				t.Errorf("with nothing leased: %+v", s)
			}
			a.Lease(4096).Release() // and on it goes
			closeAll(t, a)
		})
	}
}

// Leases, releases and trims in any order: buffers stay disjoint and accounts right.
func TestTrimAtRandom(t *testing.T) {
	skipGuard(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	type held struct {
		l    Lease
		mark byte
	}
	var out []held
	for i := range 20_000 {
		switch {
		case i%2000 == 0:
			a.Trim()
		case i/4000%2 == 0 && r.IntN(3) > 0 || len(out) == 0:
			h := held{a.Lease(1 + r.IntN(1<<r.IntN(18))), byte(i)}
			b := h.l.Bytes()
			b[0], b[len(b)-1] = h.mark, h.mark
			out = append(out, h)
		default:
			j := r.IntN(len(out))
			h := out[j]
			if b := h.l.Bytes(); b[0] != h.mark || b[len(b)-1] != h.mark {
				t.Fatal("a buffer belongs to two")
			}
			h.l.Release()
			out[j] = out[len(out)-1]
			out = out[:len(out)-1]
		}
		if i%500 == 0 && a.Stats().Leased != len(out) {
			t.Fatalf("%d leased, want %d", a.Stats().Leased, len(out))
		}
	}
	for _, h := range out {
		h.l.Release()
	}
}

// A slab that one allocator trims serves another without the system.
func TestReserve(t *testing.T) {
	skipGuard(t)
	ReleaseReserve()
	t.Cleanup(ReleaseReserve)
	a, b := NewAllocator(Config{}), NewAllocator(Config{})
	l := a.Lease(4096)
	where := &l.Bytes()[0]
	l.Release()
	a.Trim()
	l = b.Lease(64 << 10)
	if &l.Bytes()[0] != where {
		t.Error("new memory was mapped")
	}
	if got, want := b.Stats().Mapped, int64(defaultSlabSize); got != want {
		t.Errorf("%d bytes on the new owner's account, want %d", got, want)
	}
	l.Release()
	closeAll(t, b)
	for _, l := range fillSlabs(a, 4096, reserveMax+4) {
		l.Release()
	}
	a.Trim()
	if n := len(reserve.slabs); n != reserveMax {
		t.Errorf("%d slabs are in reserve, want %d", n, reserveMax)
	}
	closeAll(t, a)
}

func TestLock(t *testing.T) {
	skipGuard(t)
	a := NewAllocator(Config{Lock: true, SlabSize: 64 << 10})
	l := a.Lease(4096)
	s := a.Stats()
	if runtime.GOOS == "linux" && s.Locked+int64(s.LockRefused) == 0 || s.Locked > 0 && s.LockRefused > 0 {
		t.Errorf("%d bytes locked, %d slabs refused", s.Locked, s.LockRefused)
	}
	l.Release()
	closeAll(t, a)
	if n := a.Stats().Locked; n != 0 {
		t.Errorf("%d bytes are locked after Close", n)
	}
}
