package mem

import (
	"slices"
	"testing"
	"time"
)

// streams are the ways of 64 KiB through Segments: come in as receive buffers give them,
// or at once, and gone out by Read, or by views as a send takes them. Each is measured
// against the two copies that it cannot do without.
var streams = []struct {
	name  string
	piece int // bytes that come at a time
	out   func(s *Segments, out []byte, views [][]byte)
}{
	{"whole, Read", 64 << 10, readOut},
	{"4 KiB pieces, Read", 4 << 10, readOut},
	{"4 KiB pieces, views", 4 << 10, viewOut},
	{"16 KiB pieces, views", 16 << 10, viewOut},
}

func readOut(s *Segments, out []byte, _ [][]byte) { _, _ = s.Read(out) }

func viewOut(s *Segments, out []byte, views [][]byte) {
	for s.Len() > 0 {
		n := 0
		for _, v := range s.Views(views[:0], cap(views)) {
			n += copy(out[n:], v)
		}
		s.Discard(n)
		out = out[n:]
	}
}

// copies is what streaming is measured against: in and out, in the same pieces.
func copies(mid, in, out []byte, piece int) {
	for at := 0; at < len(in); at += piece {
		copy(mid[at:], in[at:at+piece])
	}
	for at := 0; at < len(in); at += piece {
		copy(out[at:], mid[at:at+piece])
	}
}

// A stream through Segments costs hardly more than the copies. The figure is the benchmarks'
// business; this finds what makes it twice as slow. Both are run in turns, so that a busy
// machine is busy for both, and the quickest turn counts, which no other program can spoil.
func TestStreamCost(t *testing.T) {
	if guard {
		t.Skip("checking builds map pages for every lease")
	}
	const size, turns, runs = 64 << 10, 200, 25
	for _, st := range streams {
		t.Run(st.name, func(t *testing.T) {
			a := NewAllocator(Config{})
			defer closeAll(t, a)
			var s Segments
			s.Init(a)
			in, mid, out := make([]byte, size), make([]byte, size), make([]byte, size)
			views := make([][]byte, 0, 16)
			var direct, through []time.Duration
			for range turns {
				begin := time.Now()
				for range runs {
					copies(mid, in, out, st.piece)
				}
				middle := time.Now()
				for range runs {
					for at := 0; at < size; at += st.piece {
						s.AppendCopy(in[at : at+st.piece])
					}
					st.out(&s, out, views)
				}
				direct, through = append(direct, middle.Sub(begin)), append(through, time.Since(middle))
			}
			slices.Sort(direct)
			slices.Sort(through)
			ratio := float64(through[0]) / float64(direct[0])
			t.Logf("%.2f of the copies' time at best (%v for 64 KiB), %.2f in the median", ratio, through[0]/runs,
				float64(through[turns/2])/float64(direct[turns/2]))
			if ratio > 2 {
				t.Errorf("streaming 64 KiB takes %.1f times what copying takes: %v, %v", ratio, through[0]/runs, direct[0]/runs)
			}
		})
	}
}
