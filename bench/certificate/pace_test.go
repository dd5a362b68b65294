//go:build linux

package main

import (
	"testing"
	"time"
)

func TestPacerKeepsItsTimes(t *testing.T) {
	p := pacer{start: time.Hour, rate: 10_000}
	for i := range 600_000 {
		if want := time.Hour + time.Duration(i)*100*time.Microsecond; p.next()-want > 1 || want-p.next() > 1 {
			t.Fatalf("request %d: meant for %v, want %v", i, p.next(), want) // no drift after a minute
		}
		p.take(1)
	}
}

func TestPacerBatches(t *testing.T) {
	p := pacer{rate: 1000}
	p.take(16)
	if p.next() != 16*time.Millisecond {
		t.Errorf("after a batch of 16: %v, want their 16 ms", p.next())
	}
}

func TestPacerOddRates(t *testing.T) {
	p := pacer{rate: 3}
	p.take(3 * 3600)
	if d := p.next() - time.Hour; d > 1 || d < -1 {
		t.Errorf("an hour of thirds is off by %v", d)
	}
}

func TestLowerPace(t *testing.T) {
	for _, c := range []struct{ pace, rate, want float64 }{
		{10_000, 5000, 3500},
		{10_000, 12_000, 7000}, // catching up on a backlog proves nothing
		{10_000, 100, 0},
		{10_000, 0, 0},
	} {
		if got := lowerPace(c.pace, c.rate); got != c.want {
			t.Errorf("pace %v, rate %v: got %v, want %v", c.pace, c.rate, got, c.want)
		}
	}
}

func TestHolds(t *testing.T) {
	for rate, want := range map[float64]bool{9899: false, 9900: true, 10_000: true, 10_100: true, 10_101: false, 0: false} {
		if holds(10_000, rate) != want {
			t.Errorf("%v of 10 000 holds: %v, want %v", rate, !want, want)
		}
	}
}
