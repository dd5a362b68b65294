package fallback

import "testing"

// TestFifo: first in first out, and the memory does not grow with what passed through.
func TestFifo(t *testing.T) {
	var q fifo[*int]
	in, out := 0, 0
	push := func() {
		v := in
		q.push(&v)
		in++
	}
	for range 10 {
		push()
	}
	for range 100_000 { // never empty
		push()
		if got := *q.pop(); got != out {
			t.Fatalf("popped %d, want %d", got, out)
		}
		out++
	}
	if c := cap(q.items); c > 64 {
		t.Errorf("capacity %d for 11 items at most", c)
	}
	for q.len() > 0 {
		if got := *q.pop(); got != out {
			t.Fatalf("popped %d, want %d", got, out)
		}
		out++
	}
	if in != out {
		t.Errorf("%d in, %d out", in, out)
	}
	for i, p := range q.items[:cap(q.items)] {
		if p != nil {
			t.Errorf("item %d is still held", i)
		}
	}
}
