//go:build linux

package ring

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// After a short send the vector names exactly the bytes that are left.
func TestGatherAdvance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	l := &Loop{}
	for range 2000 {
		var bufs [][]byte
		for range 2 + rng.IntN(maxGather-1) {
			b := make([]byte, rng.IntN(5)) // empty ones included
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			bufs = append(bufs, b)
		}
		want := bytes.Join(bufs, nil)
		s := &slot{gather: l.newGather(bufs)}
		for len(want) > 0 {
			if got := contents(s.gather); !bytes.Equal(got, want) {
				t.Fatalf("vector names %x, want %x", got, want)
			}
			n := 1 + rng.IntN(len(want))
			if want = want[n:]; len(want) > 0 {
				s.gather.advance(n)
			}
		}
		l.dropGather(s)
	}
	if len(l.spare) != 1 {
		t.Errorf("%d vectors were made for one at a time", len(l.spare))
	}
}

func contents(g *gather) (all []byte) {
	for _, iov := range g.iov[:iovlen(&g.hdr)] {
		all = append(all, unsafe.Slice(iov.Base, iov.Len)...)
	}
	return all
}
