//go:build linux

package main

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestQueue(t *testing.T) {
	var q queue[int]
	var model []int
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range 10_000 {
		if rnd.IntN(2) == 0 {
			q.push(i)
			model = append(model, i)
		} else if len(model) > 0 {
			if got := q.pop(); got != model[0] {
				t.Fatalf("step %d: got %d, want %d", i, got, model[0])
			}
			model = model[1:]
		}
		if q.len() != len(model) {
			t.Fatalf("step %d: %d items, want %d", i, q.len(), len(model))
		}
	}
	if !slices.Equal(q.items[q.head:], model) {
		t.Error("the rest differs")
	}
	q.clear()
	if q.len() != 0 {
		t.Error("not empty when cleared")
	}
}

func TestQueueReusesItsMemory(t *testing.T) {
	var q queue[int]
	for range 8 {
		q.push(1)
	}
	if n := testing.AllocsPerRun(1000, func() { q.push(q.pop()) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
