//go:build linux

package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
)

func points(n int, heap func(second float64) float64) (list []audit.Point) {
	for i := range n {
		at := time.Hour + time.Duration(i)*250*time.Millisecond // not from 0: a clock starts anywhere
		list = append(list, audit.Point{At: at, HeapAlloc: uint64(heap(float64(i) / 4))})
	}
	return list
}

func TestSlope(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct {
		name       string
		n          int
		heap       func(float64) float64
		want, give float64
	}{
		{"none", 0, nil, 0, 0},
		{"one", 1, func(float64) float64 { return 5e6 }, 0, 0.01},
		{"flat", 240, func(float64) float64 { return 5e6 }, 0, 0.01},
		{"growing", 240, func(s float64) float64 { return 5e6 + 1500*s }, 1500, 1},
		{"shrinking", 240, func(s float64) float64 { return 5e6 - 1500*s }, -1500, 1},
		{"noisy", 240, func(s float64) float64 { return 5e6 + 1500*s + 8192*rnd.Float64() }, 1500, 100},
		{"one span in the middle", 240, func(s float64) float64 { return 5e6 + 8192*math.Floor(s/30) }, 1.5 * 8192 / 60, 5},
		{"saw teeth of a collector", 240, func(s float64) float64 { return 5e6 + 4e6*math.Mod(s, 1) }, 0, 15e3},
	} {
		if got := slope(points(c.n, c.heap)); math.Abs(got-c.want) > c.give {
			t.Errorf("%s: got %.1f B/s, want %.1f ± %.0f", c.name, got, c.want, c.give)
		}
	}
	at := time.Second
	if got := slope([]audit.Point{{At: at, HeapAlloc: 1}, {At: at, HeapAlloc: 2}}); got != 0 {
		t.Errorf("two points of the same time: got %v", got)
	}
}

func TestPerSecond(t *testing.T) {
	if got := perSecond(1000, 3000, 2*time.Second); got != 1000 {
		t.Errorf("got %v, want 1000", got)
	}
	if got := perSecond(3000, 1000, 2*time.Second); got != -1000 {
		t.Errorf("a heap that shrank: got %v, want -1000", got)
	}
	if got := perSecond(1000, 3000, 0); got != 0 {
		t.Errorf("no time: got %v", got)
	}
}
