package ws

import (
	"bytes"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// Whatever is pushed, the last bytes are there, in one lease that is no larger than they need.
func TestHistory(t *testing.T) {
	w := newWorld(t, Server)
	for _, size := range []int{256, 4 << 10, 32 << 10} {
		h := history{from: w.acc, size: size}
		var all []byte
		for i, n := range []int{0, 1, 200, 55, 0, 300, 3000, 700, 4096, 5000, 30_000, 2768, 1, 40_000, 7} {
			p := pattern(n + i)[i:]
			all = append(all, p...)
			if i%2 == 0 {
				h.push(p)
			} else {
				s := segments(w, string(all)) // of which only the end is new
				h.pushEnd(s, len(p))
				if s.Len() != len(all) {
					t.Errorf("%d bytes of %d are left", s.Len(), len(all))
				}
				s.Release()
			}
			want := all[max(len(all)-size, 0):]
			if !bytes.Equal(h.view(), want) {
				t.Fatalf("size %d, push %d: %d bytes are wrong, want %d", size, i, len(h.view()), len(want))
			}
			if n := w.a.Stats().Leased; n > 1 {
				t.Errorf("%d leases", n)
			}
			if len(want) > 0 && h.lease.Cap() > max(512, 4*len(want)) {
				t.Errorf("a lease of %d bytes for %d", h.lease.Cap(), len(want))
			}
		}
		h.release()
		if h.view() != nil || w.a.Stats().Leased != 0 {
			t.Error("something is left")
		}
		h.push([]byte("again"))
		if string(h.view()) != "again" {
			t.Errorf("after a release: %q", h.view())
		}
		h.release()
	}
}

// Of a long message in many pieces only the end is looked at.
func TestHistoryOfPieces(t *testing.T) {
	w := newWorld(t, Server)
	var s mem.Segments
	s.InitFor(w.acc)
	for _, p := range bytes.SplitAfter(bytes.Repeat([]byte("0123456789abcde,"), 8000), []byte(",")) {
		var one mem.Segments
		one.InitFor(w.acc)
		one.AppendCopy(p)
		s.Splice(&one)
	}
	h := history{from: w.acc, size: 1 << 10}
	h.push([]byte("before"))
	h.pushEnd(&s, s.Len())
	if want := bytes.Repeat([]byte("0123456789abcde,"), 64); !bytes.Equal(h.view(), want) {
		t.Errorf("got %q", h.view())
	}
	h.release()
	s.Release()
}
