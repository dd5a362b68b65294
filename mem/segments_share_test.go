package mem

import "testing"

// Splitting and sharing cost a node where a lease is in two chains, and no copy.
func TestSplitAndShareCopyNothing(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s, first, again Segments
	for _, x := range []*Segments{&s, &first, &again} {
		x.Init(a)
	}
	s.AppendCopy([]byte("one,two"))
	s.Append(leaseOf(a, 0, []byte(",three")), 0, 6)
	where := &s.First()[0]
	s.ShareTo(&again, 0, s.Len())
	s.SplitTo(&first, 4)
	if &first.First()[0] != where || &again.First()[0] != where {
		t.Error("bytes were copied")
	}
	for want, x := range map[string]*Segments{"one,": &first, "two,three": &s, "one,two,three": &again} {
		if got := string(contents(t, x)); got != want {
			t.Errorf("contents %q, want %q", got, want)
		}
	}
	if n := a.Stats().Leased; n != 2 {
		t.Errorf("%d leases are out, want 2", n)
	}
	s.AppendCopy([]byte("!")) // into room of its own, or a new lease: never the others'
	again.AppendCopy([]byte("?"))
	if got := string(contents(t, &s)) + string(contents(t, &again)); got != "two,three!one,two,three?" {
		t.Errorf("contents %q", got)
	}
	for _, x := range []*Segments{&again, &s, &first} {
		x.Release()
	}
}

func TestSplitAllocatesNothing(t *testing.T) {
	if guard {
		t.Skip("a checking build allocates")
	}
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s, out Segments
	s.Init(a)
	out.Init(a)
	turn := func() {
		s.AppendCopy(noise[:3000])
		for range 3 {
			s.SplitTo(&out, 1000)
			out.Discard(1000)
		}
	}
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
