package mem

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// configs are the ways an allocator can work; everything must hold in each.
var configs = map[string]Config{
	"loop":   {},
	"shared": {Shared: true},
	"heap":   {Heap: true},
	"tight":  {SlabSize: 4096, Limit: 64 << 10},
}

// closeAll closes a and fails the test when a lease has not come home.
func closeAll(t testing.TB, a *Allocator) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// noise has no period that a shifted or repeated piece could hide behind.
var noise = func() []byte {
	p := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}()

// text returns n bytes, others for each seed.
func text(n, seed int) []byte {
	return bytes.Clone(noise[seed*1009%(len(noise)/2):][:n])
}

// leaseOf returns a lease that holds p at off.
func leaseOf(a *Allocator, off int, p []byte) Lease {
	l := a.Lease(off + len(p))
	copy(l.Bytes()[off:], p)
	return l
}

// contents joins the views, checking what every view promises.
func contents(t testing.TB, s *Segments) []byte {
	t.Helper()
	var all []byte
	for _, v := range s.Views(nil, 1<<30) {
		if len(v) == 0 {
			t.Fatal("an empty view")
		}
		if cap(v) != len(v) {
			t.Fatalf("a view of %d bytes shows %d", len(v), cap(v))
		}
		all = append(all, v...)
	}
	if len(all) != s.Len() {
		t.Fatalf("views have %d bytes, Len is %d", len(all), s.Len())
	}
	return all
}

// checkInvariant asserts the sentence in the comment of Segments.
func checkInvariant(t testing.TB, s *Segments) {
	t.Helper()
	sum, last := 0, (*node)(nil)
	for nd := s.head; nd != nil; nd = nd.next {
		sum += nd.end - nd.off
		last = nd
	}
	if sum != s.n || last != s.tail {
		t.Fatalf("nodes have %d bytes, n is %d; tail ok: %v", sum, s.n, last == s.tail)
	}
	if s.n > 0 && s.head.off == s.head.end {
		t.Fatal("the first node is empty")
	}
	if s.room > 0 && s.tail.end+int(s.room) > s.tail.lease.b.size {
		t.Fatal("room reaches beyond the lease")
	}
	if s.front > 0 && int(s.front) > s.head.off {
		t.Fatal("front reaches before the lease")
	}
}

func TestSegmentsAppendAndDiscard(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			var s Segments
			s.Init(a)
			if s.First() != nil || s.Len() != 0 || s.Views(nil, 4) != nil {
				t.Error("empty Segments show bytes")
			}
			s.Append(leaseOf(a, 3, []byte("hello ")), 3, 6)
			s.AppendCopy([]byte("wide "))
			s.Append(leaseOf(a, 0, []byte("world")), 0, 5)
			if got := string(contents(t, &s)); got != "hello wide world" {
				t.Fatalf("contents %q", got)
			}
			if got := len(s.Views(nil, 2)); got != 2 {
				t.Errorf("asked for at most 2 views, got %d", got)
			}
			s.Discard(2)
			if got := string(s.First()); got != "llo " {
				t.Errorf("First after a partial Discard: %q", got)
			}
			s.Discard(4)
			if n := a.Stats().Leased; n != 2 {
				t.Errorf("%d leases out after the first piece was discarded, want 2", n)
			}
			s.Discard(s.Len())
			if n := a.Stats().Leased; n != 0 {
				t.Errorf("%d leases out after all was discarded", n)
			}
		})
	}
}

func TestSegmentsAppendOfNothingReleases(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s Segments
	s.Init(a)
	s.Append(a.Lease(10), 5, 0)
	if s.Len() != 0 || a.Stats().Leased != 0 {
		t.Errorf("len %d, %d leases out", s.Len(), a.Stats().Leased)
	}
}

func TestSegmentsNeverWriteIntoAppendedLease(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	l := leaseOf(a, 0, []byte("first|second"))
	var s Segments
	s.Init(a)
	s.Append(l.Clone(), 0, 6)
	s.AppendCopy([]byte("XXXXXX")) // must not land on "second"
	if got := string(l.Bytes()[:12]); got != "first|second" {
		t.Errorf("a later append wrote into the appended lease: %q", got)
	}
	s.Release()
	l.Release()
}

// One buffer that holds several messages is linked several times.
func TestSegmentsShareOneLease(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			l := leaseOf(a, 0, []byte("onetwothree"))
			var x, y, z Segments
			for _, s := range []*Segments{&x, &y, &z} {
				s.Init(a)
			}
			x.Append(l.Clone(), 0, 3)
			y.Append(l.Clone(), 3, 3)
			z.Append(l, 6, 5)
			x.Append(y.head.lease.Clone(), 3, 3)
			y.Release()
			if got := string(contents(t, &x)) + string(contents(t, &z)); got != "onetwothree" {
				t.Errorf("shared pieces: %q", got)
			}
			x.Release()
			if n := a.Stats().Leased; n != 1 {
				t.Errorf("%d leases out with one owner left, want 1", n)
			}
			z.Append(z.head.lease.Clone(), 0, 3) // a second piece of the same chain
			if got := string(contents(t, &z)); got != "threeone" {
				t.Errorf("two pieces of one lease in one chain: %q", got)
			}
			z.Release()
		})
	}
}

func TestSegmentsViewsOutliveAppends(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s Segments
	s.Init(a)
	s.AppendCopy(text(700, 1))
	views := s.Views(nil, 16)
	before := append([]byte(nil), bytes.Join(views, nil)...)
	var other Segments
	other.Init(a)
	other.AppendCopy(text(100, 2))
	for i := range 50 {
		s.AppendCopy(text(i*97, i))
	}
	s.Splice(&other)
	if !bytes.Equal(bytes.Join(views, nil), before) {
		t.Error("views changed while bytes were appended")
	}
	s.Release()
}

func TestSegmentsFlatten(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s Segments
	s.Init(a)
	if s.Flatten() != nil {
		t.Error("flattened nothing into something")
	}
	s.AppendCopy(text(300, 1))
	one := s.First()
	if got := s.Flatten(); &got[0] != &one[0] {
		t.Error("a single piece was copied")
	}
	s.Append(leaseOf(a, 0, text(300<<10, 2)), 0, 300<<10)
	s.Discard(100)
	want := append(text(300, 1)[100:], text(300<<10, 2)...)
	if got := s.Flatten(); !bytes.Equal(got, want) || cap(got) != len(got) {
		t.Error("flattened bytes differ")
	}
	if got := s.Flatten(); &got[0] != &s.First()[0] || a.Stats().Leased != 1 {
		t.Errorf("flattened twice, or kept the pieces: %d leases", a.Stats().Leased)
	}
	s.AppendCopy([]byte("more"))
	if got := contents(t, &s); !bytes.Equal(got, append(want, "more"...)) {
		t.Error("append after Flatten went wrong")
	}
	s.Release()
}

// EnsureFor gives a zero Segments its allocator, and takes from nobody the one that it has.
func TestSegmentsEnsureFor(t *testing.T) {
	a, b := NewAllocator(Config{}), NewAllocator(Config{})
	defer closeAll(t, a)
	defer closeAll(t, b)
	var s Segments
	for _, from := range []*Allocator{a, b} {
		s.EnsureFor(from.accounts[0])
		s.AppendCopy(make([]byte, 1000)) // one lease has room for both
	}
	if a.Stats().Leased != 1 || b.Stats().Leased != 0 || s.Len() != 2000 {
		t.Errorf("%d bytes, and leases out: %d and %d; want 2000, 1 and 0", s.Len(), a.Stats().Leased, b.Stats().Leased)
	}
	s.Release()
}

func TestSegmentsSpliceAcrossAllocators(t *testing.T) {
	worker, loop := NewAllocator(Config{Shared: true}), NewAllocator(Config{})
	defer closeAll(t, worker)
	defer closeAll(t, loop)
	var out, body Segments
	out.Init(loop)
	body.Init(worker)
	out.AppendCopy([]byte("head "))
	body.AppendCopy([]byte("body"))
	out.Splice(&body)
	out.AppendCopy([]byte(" tail")) // into the worker's lease, which has room
	if got := string(contents(t, &out)); got != "head body tail" {
		t.Errorf("contents %q", got)
	}
	if body.Len() != 0 || body.First() != nil {
		t.Error("the source still has bytes")
	}
	body.AppendCopy([]byte("again")) // usable, and its own
	if w, l := worker.Stats().Leased, loop.Stats().Leased; w != 2 || l != 1 {
		t.Errorf("leases out: worker %d, loop %d; want 2 and 1", w, l)
	}
	out.Release()
	body.Release()
}

// A worker fills bodies and a loop sends them: nothing of the one's may be
// touched by the other without the lock. The race detector is the judge.
func TestSegmentsSpliceBetweenGoroutines(t *testing.T) {
	worker, loop := NewAllocator(Config{Shared: true}), NewAllocator(Config{})
	defer closeAll(t, worker)
	defer closeAll(t, loop)
	bodies := make(chan *Segments, 4)
	go func() {
		defer close(bodies)
		shared := leaseOf(worker, 0, []byte("shared"))
		defer shared.Release()
		for i := range 500 {
			s := new(Segments)
			s.Init(worker)
			s.AppendCopy(text(i*13, i))
			s.Append(shared.Clone(), 0, 6)
			bodies <- s
		}
	}()
	var out Segments
	out.Init(loop)
	i := 0
	for body := range bodies {
		out.Splice(body)
		out.AppendCopy([]byte("x"))
		want := append(append(text(i*13, i), "shared"...), 'x')
		if got := contents(t, &out); !bytes.Equal(got, want) {
			t.Fatalf("body %d differs", i)
		}
		out.Discard(out.Len())
		i++
	}
}

func TestSegmentsPanics(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s Segments
	s.Init(a)
	s.AppendCopy([]byte("abc"))
	l := a.Lease(512)
	for _, c := range []struct {
		name string
		do   func()
		want string
	}{
		{"discard too much", func() { s.Discard(4) }, panicDiscard},
		{"discard negative", func() { s.Discard(-1) }, panicDiscard},
		{"append beyond", func() { s.Append(l, 500, 13) }, panicAppend},
		{"append negative offset", func() { s.Append(l, -1, 1) }, panicAppend},
		{"append negative length", func() { s.Append(l, 1, -1) }, panicAppend},
		{"append overflow", func() { s.Append(l, 1, int(^uint(0)>>1)) }, panicAppend},
		{"splice itself", func() { s.Splice(&s) }, panicSplice},
	} {
		if got := panicOf(c.do); got != c.want {
			t.Errorf("%s: panic %v, want %q", c.name, got, c.want)
		}
	}
	if got := string(contents(t, &s)); got != "abc" {
		t.Errorf("contents after refused calls: %q", got)
	}
	l.Release()
	s.Release()
}

// panicOf returns what do panics with, nil when it returns.
func panicOf(do func()) (v any) {
	defer func() { v = recover() }()
	do()
	return nil
}

// failingWriter takes a number of bytes per call, and fails after some calls.
type failingWriter struct {
	bytes.Buffer
	per, calls int
	err        error
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.calls--; w.calls < 0 {
		n, _ := w.Buffer.Write(p[:min(w.per, len(p))])
		return n, w.err
	}
	return w.Buffer.Write(p)
}

func TestSegmentsWriteTo(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		w    failingWriter
		took int64
		err  error
	}{
		{"all", failingWriter{calls: 9}, 9, nil},
		{"error after a piece and a half", failingWriter{calls: 1, per: 1, err: broken}, 4, broken},
		{"short without error", failingWriter{calls: 0, per: 2}, 2, io.ErrShortWrite},
	} {
		var s Segments
		s.Init(a)
		for _, p := range []string{"abc", "def", "ghi"} {
			s.Append(leaseOf(a, 0, []byte(p)), 0, 3)
		}
		n, err := s.WriteTo(&c.w)
		if n != c.took || err != c.err {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, n, err, c.took, c.err)
		}
		if got := c.w.String() + string(contents(t, &s)); got != "abcdefghi" {
			t.Errorf("%s: taken and left are %q", c.name, got)
		}
		s.Release()
	}
}

func TestSegmentsWithStandardReaders(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s Segments
	s.Init(a)
	want := strings.Repeat("0123456789", 10_000)
	for p := want; len(p) > 0; p = p[min(len(p), 777):] {
		s.AppendCopy([]byte(p[:min(len(p), 777)]))
	}
	got, err := io.ReadAll(&s)
	if err != nil || string(got) != want {
		t.Errorf("ReadAll: %d bytes, %v", len(got), err)
	}
	if n, err := s.Read(nil); n != 0 || err != nil {
		t.Errorf("Read(nil) at the end: %d, %v; want 0, nil", n, err)
	}
}

// Small pieces of a long stream must not make a long chain.
func TestSegmentsChainStaysShort(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s Segments
	s.Init(a)
	for range 10_000 {
		s.AppendCopy(text(100, 1))
	}
	if n := a.Stats().Leased; n > 24 {
		t.Errorf("1 MB in pieces of 100 bytes lies in %d leases", n)
	}
	s.Release()
}
