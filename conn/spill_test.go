package conn

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

func spillBytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7 >> 3)
	}
	return p
}

// TestSpillModel compares a spill with a bytes.Buffer over random commands.
func TestSpillModel(t *testing.T) {
	src := spillBytes(100_000)
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			a := mem.NewAllocator(mem.Config{})
			var s spill
			var model bytes.Buffer
			most := 1 << rng.IntN(15)
			for range 2000 {
				switch rng.IntN(8) {
				case 0:
					if rng.IntN(20) == 0 {
						s.release()
						model.Reset()
					}
				case 1, 2, 3:
					n := rng.IntN(model.Len() + 1)
					s.discard(n)
					model.Next(n)
				default:
					off := rng.IntN(len(src) - most)
					p := src[off : off+1+rng.IntN(most)]
					s.add(a.Account("kept input"), p)
					model.Write(p)
				}
				if s.len() != model.Len() || !bytes.Equal(s.bytes(), model.Bytes()) {
					t.Fatalf("the spill holds %d bytes, the model %d", s.len(), model.Len())
				}
				wantLeased(t, a, s.len() > 0)
			}
			s.release()
			wantLeased(t, a, false)
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// wantLeased checks that a spill holds one lease while it has bytes, and none otherwise.
func wantLeased(t *testing.T, a *mem.Allocator, bytes bool) {
	t.Helper()
	want := 0
	if bytes {
		want = 1
	}
	if n := a.Stats().Leased; n != want {
		t.Fatalf("%d leases out, want %d", n, want)
	}
}

// TestSpillCopies counts the bytes copied when a message arrives byte by byte, and when a
// stream passes through a byte behind: a constant number for each byte.
func TestSpillCopies(t *testing.T) {
	const n = 300_000
	for _, c := range []struct {
		name string
		keep int // bytes that stay behind
	}{{"whole", n}, {"a byte", 1}, {"half a lease", 300}, {"over half a lease", 2000}} {
		a := mem.NewAllocator(mem.Config{})
		var s spill
		copied := 0
		for i := range n {
			before := s
			s.add(a.Account("kept input"), []byte{byte(i)})
			if before.lease.Valid() && (s.lease != before.lease || s.from != before.from) {
				copied += before.len()
			}
			if s.len() > c.keep {
				s.discard(1)
			}
		}
		if copied > 3*n {
			t.Errorf("%s: %d bytes copied for %d", c.name, copied, n)
		}
		s.release()
		wantLeased(t, a, false)
	}
}

// TestSpillGrows: a message that grows takes ever larger leases, a few of them, and never
// one that is far too large.
func TestSpillGrows(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	var s spill
	defer s.release()
	leases, last := 0, mem.Lease{}
	for i := range 1 << 20 {
		s.add(a.Account("kept input"), []byte{1})
		if s.lease != last {
			leases, last = leases+1, s.lease
			if have := s.lease.Cap(); i > 4096 && have > 8*(i+1) {
				t.Errorf("a lease of %d bytes for %d", have, i+1)
			}
		}
	}
	if leases > 12 {
		t.Errorf("%d leases for 1 MiB", leases)
	}
}

// TestSpillReusesRoom: what was consumed makes room, so that a stream that is read as it
// comes stays in one lease.
func TestSpillReusesRoom(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	var s spill
	defer s.release()
	s.add(a.Account("kept input"), spillBytes(200))
	first := s.lease
	for range 1000 {
		s.add(a.Account("kept input"), spillBytes(50))
		s.discard(50)
	}
	if s.lease != first {
		t.Errorf("a stream that keeps 200 bytes moved to a lease of %d", s.lease.Cap())
	}
}
