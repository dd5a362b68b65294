package audit

import (
	"testing"
	"time"
)

func TestSampleDoesNotAllocate(t *testing.T) {
	s := newSampler()
	if n := testing.AllocsPerRun(100, s.sample); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func TestSamplerIsBounded(t *testing.T) {
	s := newSampler()
	for range maxPoints + 10 {
		s.sample()
	}
	if n := len(s.stop()); n != maxPoints {
		t.Errorf("%d points, want %d", n, maxPoints)
	}
}

func TestSamplerRestarts(t *testing.T) {
	s := newSampler()
	for range 2 {
		s.start(time.Millisecond)
		time.Sleep(20 * time.Millisecond)
		if n := len(s.stop()); n < 1 || n > 100 {
			t.Errorf("%d points in 20 ms", n)
		}
	}
	s.start(time.Hour)
	s.start(time.Hour) // ends the one before
	if n := len(s.stop()); n != 0 {
		t.Errorf("%d points in no time", n)
	}
}
