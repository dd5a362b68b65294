package sim

import "testing"

// Numbers lie in their range and reach every part of it, and two keys have nothing in common.
func TestChances(t *testing.T) {
	a, b := newChances(1, 1), newChances(1, 2)
	seen, same := map[int]int{}, 0
	for range 10_000 {
		n, m := a.intN(10), b.intN(10)
		if n < 0 || n > 9 {
			t.Fatalf("%d is not among 0 … 9", n)
		}
		if seen[n]++; n == m {
			same++
		}
	}
	for n := range 10 {
		if seen[n] < 800 || seen[n] > 1200 {
			t.Errorf("%d came %d times in 10000", n, seen[n])
		}
	}
	if same < 800 || same > 1200 {
		t.Errorf("two keys agree in %d of 10000 numbers", same)
	}
	if a.of(0) || !a.of(1000) {
		t.Error("never and always are neither")
	}
}

// The agenda gives events in their order, however they came.
func TestAgenda(t *testing.T) {
	var a agenda
	c := newChances(7, 0)
	for i := range 1000 {
		a.add(event{at: int64(c.intN(50)), order: uint32(c.intN(5)), seq: uint64(i)})
		if i%3 == 2 {
			first := a.pop()
			for j := range a {
				if a[j].before(&first) {
					t.Fatalf("%+v was before %+v", a[j], first)
				}
			}
		}
	}
	for last := a.pop(); len(a) > 0; {
		next := a.pop()
		if next.before(&last) {
			t.Fatalf("%+v comes after %+v", next, last)
		}
		last = next
	}
}
