package audit

import (
	"runtime"
	"testing"
	"time"
)

func TestPeriodic(t *testing.T) {
	for _, c := range []struct {
		name string
		ends []time.Duration // of each collection
		from uint32
		want int
	}{
		{"none", nil, 0, 0},
		{"close together", []time.Duration{1 * time.Second, 2 * time.Second, 3 * time.Second}, 1, 0},
		{"every two minutes", []time.Duration{0, 121 * time.Second, 242 * time.Second}, 1, 2},
		{"before the window", []time.Duration{0, 121 * time.Second, 122 * time.Second}, 2, 0},
		{"one of two", []time.Duration{0, 60 * time.Second, 181 * time.Second}, 1, 1},
	} {
		s := runtime.MemStats{NumGC: uint32(len(c.ends))}
		for i, end := range c.ends {
			s.PauseEnd[i] = uint64(end)
		}
		if got := periodic(&s, c.from); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestPeriodicForgets(t *testing.T) { // a ring of 256, gone round: no reading beyond what it holds
	s := runtime.MemStats{NumGC: 1000}
	for i := range s.PauseEnd {
		s.PauseEnd[i] = uint64(time.Hour)
	}
	s.PauseEnd[(1000+255)%256] = uint64(time.Hour + forceAfter)
	if got := periodic(&s, 0); got != 1 {
		t.Errorf("got %d, want the last one", got)
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	a := newAuditor(nil)
	var r Reading
	if n := testing.AllocsPerRun(100, func() { a.read(&r) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
