package mem

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

const secret = 0x53 // never written by the second owner

var secrets = bytes.Repeat([]byte{secret}, maxClass)

// spoil leaves secrets in everything that a will lease again.
func spoil(a *Allocator) {
	var out []Lease
	for i := range 60 {
		l := a.Lease(classSize[i%numClasses])
		copy(l.Bytes(), secrets)
		out = append(out, l)
	}
	for _, l := range out {
		l.Release()
	}
}

// clean returns n bytes without the secret one.
func clean(n, seed int) []byte {
	return bytes.ReplaceAll(text(n, seed), []byte{secret}, []byte{0})
}

// A buffer that held one connection's bytes never shows them to another: no
// view, to the end of its capacity, holds a byte that was not written.
func TestOldBytesStayHidden(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			spoil(a)
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, 0))
			var w Writer
			w.Init(a, 512)
			for i := range 300 {
				write(&w, a, i, r.IntN(3000))
				look(t, w.Segments())
				w.Segments().Discard(r.IntN(w.Len() + 1))
				if i%10 == 0 {
					spoil(a)
				}
			}
			w.Release()
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
	}
}

// write adds n bytes in one of the ways there are.
func write(w *Writer, a *Allocator, i, n int) {
	p := clean(n, i)
	switch i % 5 {
	case 0:
		_, _ = w.Write(p)
	case 1:
		w.Commit(len(append(w.Reserve(n+100), p...)))
	case 2:
		w.Append(leaseOf(a, 7, p), 7, n)
	case 3:
		w.Reserve(3 * n) // and nothing comes of it
		w.Segments().AppendCopy(p)
	case 4:
		var s Segments
		s.Init(a)
		w.Detach(&s)
		s.AppendCopy(p)
		w.Segments().Splice(&s)
	}
}

// look searches all that s shows, in pieces and, at times, in one.
func look(t *testing.T, s *Segments) {
	t.Helper()
	search(t, s.Views(nil, 1000)...)
	if s.Len()%7 == 0 {
		search(t, s.Flatten())
	}
	search(t, s.First())
}

func search(t *testing.T, views ...[]byte) {
	t.Helper()
	for _, v := range views {
		if i := bytes.IndexByte(v[:cap(v)], secret); i >= 0 {
			t.Fatalf("an earlier owner's byte at %d of a view of %d", i, len(v))
		}
	}
}
