package mem

import "testing"

// A record header that is known after its content: no lease of its own.
func TestHeadroom(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 1000)
	w.Headroom(5)
	_, _ = w.WriteString("content")
	s := w.Segments()
	s.Headroom(50, 0) // there are bytes: nothing happens
	s.Prepend([]byte("llo, "))
	if got := string(s.First()); got != "llo, content" {
		t.Errorf("the first piece is %q", got)
	}
	s.Prepend([]byte("he"))
	if got := string(contents(t, s)); got != "hello, content" {
		t.Errorf("beyond the headroom: %q", got)
	}
	s.Prepend(text(300, 1)) // into the lease that the last one took
	if n := a.Stats().Leased; n != 2 {
		t.Errorf("%d leases are out, want 2", n)
	}
	s.Release()
	w.Headroom(9)
	s.Prepend([]byte("alone"))
	if got := string(contents(t, s)); got != "alone" {
		t.Errorf("without content: %q", got)
	}
	s.Release()
	w.Headroom(0)
	if a.Stats().Leased != 0 {
		t.Error("headroom of nothing holds a lease")
	}
}

// What was discarded has been shown: Prepend does not write over it.
func TestPrependAfterDiscard(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s Segments
	s.Init(a)
	s.Headroom(10, 100)
	s.AppendCopy([]byte("0123456789"))
	view := s.First()
	s.Discard(4)
	s.Prepend([]byte("abc"))
	if string(view) != "0123456789" {
		t.Errorf("a view changed to %q", view)
	}
	if got := string(contents(t, &s)); got != "abc456789" {
		t.Errorf("contents %q", got)
	}
	s.Release()
}

// An encoder that fails half way takes back what it wrote, and the room is used again.
func TestTruncate(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 2000)
	_, _ = w.WriteString("good ")
	mark := w.Len()
	_, _ = w.WriteString("half of a bad one")
	w.Truncate(mark)
	_, _ = w.Write(text(2000, 1)) // into a second lease
	w.Truncate(mark)
	_, _ = w.WriteString("better")
	if got := string(contents(t, w.Segments())); got != "good better" {
		t.Errorf("contents %q", got)
	}
	w.Truncate(0)
	if a.Stats().Leased != 0 {
		t.Error("nothing is left, but a lease is out")
	}
}

// Bytes that another chain has, too, stay when this one takes them back.
func TestTruncateLeavesShared(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s, other Segments
	s.Init(a)
	other.Init(a)
	s.AppendCopy([]byte("one two"))
	s.ShareTo(&other, 0, 7)
	s.Truncate(4)
	s.AppendCopy([]byte("six"))
	if got := string(contents(t, &other)); got != "one two" {
		t.Errorf("the other chain has %q", got)
	}
	if got := string(contents(t, &s)); got != "one six" {
		t.Errorf("contents %q", got)
	}
	s.Release()
	other.Release()
}

func TestPatch(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 512)
	_, _ = w.WriteString("length: ????, ")
	_, _ = w.Write(text(512, 1)) // the first lease is full in the middle of it
	w.Patch(8, []byte("0526"))
	if got := string(w.Segments().First()[:14]); got != "length: 0526, " {
		t.Errorf("patched to %q", got)
	}
	w.Patch(510, []byte("across"))
	if got := w.Segments().Index([]byte("across"), 0); got != 510 {
		t.Errorf("a patch across the seam is at %d", got)
	}
	w.Release()
}

func TestEditPanics(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var s, other Segments
	s.Init(a)
	other.Init(a)
	s.AppendCopy([]byte("abcdef"))
	s.ShareTo(&other, 2, 2)
	for name, c := range map[string]struct {
		do   func()
		want string
	}{
		"truncate to more":      {func() { s.Truncate(7) }, panicTruncate},
		"truncate to less":      {func() { s.Truncate(-1) }, panicTruncate},
		"headroom":              {func() { s.Headroom(-1, 0) }, panicHeadroom},
		"patch behind":          {func() { s.Patch(5, []byte("xy")) }, panicPatch},
		"patch before":          {func() { s.Patch(-1, []byte("x")) }, panicPatch},
		"patch what others see": {func() { s.Patch(0, []byte("x")) }, panicPatching},
		"split too much":        {func() { s.SplitTo(&other, 7) }, panicSplit},
		"split to itself":       {func() { s.SplitTo(&s, 1) }, panicSplit},
		"share to itself":       {func() { s.ShareTo(&s, 0, 1) }, panicShare},
		"share behind":          {func() { s.ShareTo(&other, 5, 2) }, panicShare},
		"share before":          {func() { s.ShareTo(&other, -1, 2) }, panicShare},
		"share less":            {func() { s.ShareTo(&other, 0, -1) }, panicShare},
	} {
		if v := panicOf(c.do); v != c.want {
			t.Errorf("%s: %v, want %q", name, v, c.want)
		}
	}
	other.Release()
	s.Patch(0, []byte("A")) // alone again
	if got := string(contents(t, &s)); got != "Abcdef" {
		t.Errorf("contents %q", got)
	}
	s.Release()
}
