package mem

import "testing"

func BenchmarkLeaseRelease(b *testing.B) {
	for _, c := range []struct {
		name string
		cfg  Config
	}{{"loop", Config{}}, {"shared", Config{Shared: true}}, {"heap", Config{Heap: true}}} {
		b.Run(c.name, func(b *testing.B) {
			a := NewAllocator(c.cfg)
			for b.Loop() {
				a.Lease(4096).Release()
			}
		})
	}
}

func BenchmarkReserveCommit(b *testing.B) {
	a := NewAllocator(Config{})
	var w Writer
	w.Init(a, 4096)
	for b.Loop() {
		p := append(w.Reserve(8), "12345678"...)
		w.Commit(len(p))
		if w.Len() >= 4000 {
			w.Segments().Discard(w.Len())
		}
	}
}

// One response of a keep-alive connection: write, take the view, send, done.
func BenchmarkWriterTurn(b *testing.B) {
	a := NewAllocator(Config{})
	var w Writer
	w.Init(a, 4096)
	views := make([][]byte, 0, 16)
	for b.Loop() {
		p := append(w.Reserve(200), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"...)
		w.Commit(len(p))
		views = w.Segments().Views(views[:0], 16)
		w.Segments().Discard(len(views[0]))
	}
}

// Through and out again in 64 KiB pieces, against BenchmarkCopy.
func BenchmarkSegmentsStream(b *testing.B) {
	a := NewAllocator(Config{})
	var s Segments
	s.Init(a)
	in, out := make([]byte, 64<<10), make([]byte, 64<<10)
	b.SetBytes(64 << 10)
	for b.Loop() {
		s.AppendCopy(in)
		_, _ = s.Read(out)
	}
}

func BenchmarkCopy(b *testing.B) {
	in, mid, out := make([]byte, 64<<10), make([]byte, 64<<10), make([]byte, 64<<10)
	b.SetBytes(64 << 10)
	for b.Loop() {
		copy(mid, in)
		copy(out, mid)
	}
}
