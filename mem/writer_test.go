package mem

import (
	"bytes"
	"testing"
)

func TestWriterIdleHoldsNothing(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 4096)
	for range 3 {
		w.Commit(copy(w.Reserve(100)[:5], "hello"))
		if n := a.Stats().Leased; n != 1 {
			t.Fatalf("%d leases out with output, want 1", n)
		}
		w.Segments().Discard(5)
		if n := a.Stats().Leased; n != 0 {
			t.Fatalf("%d leases out while idle", n)
		}
	}
	w.Reserve(10)
	w.Commit(0)
	if n := a.Stats().Leased; n != 0 {
		t.Errorf("%d leases out after a commit of nothing", n)
	}
	w.Commit(0) // without a reservation: nothing to do
}

func TestWriterReserveExactRoom(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 4096)
	if got := cap(w.Reserve(0)); got != 4096 {
		t.Errorf("Reserve(0) on an idle writer has room %d, want the chunk's 4096", got)
	}
	w.Commit(len(append(w.Reserve(96), text(96, 1)...)))
	if got := cap(w.Reserve(4000)); got != 4000 {
		t.Errorf("the rest of the lease was not given: cap %d", got)
	}
	if n := a.Stats().Leased; n != 1 {
		t.Errorf("%d leases out, want 1", n)
	}
	w.Commit(len(append(w.Reserve(4000), text(4000, 2)...)))
	if got := cap(w.Reserve(1)); got < 1 {
		t.Error("no new room")
	}
	w.Commit(0)
	want := append(text(96, 1), text(4000, 2)...)
	if got := contents(t, w.Segments()); !bytes.Equal(got, want) {
		t.Error("bytes differ")
	}
	w.Release()
}

func TestWriterAbandonedReservations(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 512)
	w.Reserve(100)
	w.Reserve(5000) // larger than the first: that one goes home
	if n := a.Stats().Leased; n != 1 {
		t.Errorf("%d leases out for one reservation", n)
	}
	_, _ = w.WriteString("a")
	w.Reserve(20_000) // abandoned behind a byte
	w.Append(leaseOf(a, 0, []byte("b")), 0, 1)
	_, _ = w.WriteString("c")
	if got := string(contents(t, w.Segments())); got != "abc" {
		t.Errorf("output %q", got)
	}
	for _, want := range []string{"a", "b", "c"} {
		if got := string(w.Segments().First()); got != want {
			t.Errorf("First %q, want %q", got, want)
		}
		w.Segments().Discard(1)
	}
}

func TestWriterViewsStayWhileWriting(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 4096)
	_, _ = w.WriteString("in flight")
	sent := w.Segments().Views(nil, 16)[0]
	for range 100 {
		_, _ = w.Write(text(300, 7))
	}
	if string(sent) != "in flight" {
		t.Errorf("the view in flight became %q", sent)
	}
	w.Segments().Discard(len(sent))
	if first := w.Segments().First(); !bytes.HasPrefix(first, text(300, 7)) {
		t.Error("the next bytes are not the next output")
	}
	w.Release()
}

func TestWriterDetach(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	var dst Segments
	w.Init(a, 512)
	dst.Init(a)
	w.Detach(&dst)
	w.Reserve(10)
	w.Detach(&dst)
	if dst.Len() != 0 || a.Stats().Leased != 0 {
		t.Error("detaching nothing moved something")
	}
	_, _ = w.WriteString("one ")
	w.Detach(&dst)
	_, _ = w.WriteString("two")
	w.Detach(&dst)
	if got := string(contents(t, &dst)); got != "one two" || w.Len() != 0 {
		t.Errorf("detached %q, left %d", got, w.Len())
	}
	dst.Release()
}

func TestWriterPanics(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	var w Writer
	w.Init(a, 512)
	room := cap(w.Reserve(10))
	for _, n := range []int{-1, room + 1} {
		if got := panicOf(func() { w.Commit(n) }); got != panicCommit {
			t.Errorf("Commit(%d): panic %v", n, got)
		}
	}
	if panicOf(func() { w.Reserve(-1) }) == nil {
		t.Error("Reserve(-1) was accepted")
	}
	w.Release()
	if got := panicOf(func() { w.Commit(1) }); got != panicCommit {
		t.Errorf("Commit without a reservation: panic %v", got)
	}
}

func TestWriterTurnAllocatesNothing(t *testing.T) {
	if guard {
		t.Skip("checking builds use a header for each lease")
	}
	a, worker := NewAllocator(Config{}), NewAllocator(Config{Shared: true})
	defer closeAll(t, a)
	defer closeAll(t, worker)
	var w Writer
	var body Segments
	w.Init(a, 4096)
	body.Init(worker)
	views := make([][]byte, 0, 16)
	part := text(700, 1)
	turn := func() {
		w.Commit(len(append(w.Reserve(200), "HTTP/1.1 200 OK\r\n\r\n"...)))
		body.AppendCopy(part)
		l := worker.Lease(100)
		body.Append(l.Clone(), 0, 50)
		body.Append(l, 50, 50)
		w.Segments().Splice(&body)
		_, _ = w.Write(part)
		w.Append(a.Lease(200<<10), 0, 10)
		for w.Len() > 0 {
			views = w.Segments().Views(views[:0], 2)
			w.Segments().Discard(len(views[0]))
		}
	}
	if n := testing.AllocsPerRun(500, turn); n != 0 {
		t.Errorf("%v allocations per turn", n)
	}
}
