//go:build linux && !race

package ring

import (
	"testing"
	"time"
)

// Posting allocates nothing once the queue has grown.
func TestPostAllocs(t *testing.T) {
	s, _, _ := startLoop(t, LoopConfig{})
	ran := make(chan struct{}, 1)
	task := taskFunc(func() { ran <- struct{}{} })
	var posted Task = task
	if n := testing.AllocsPerRun(200, func() { s.l.Post(posted); <-ran }); n > 0.1 {
		t.Errorf("%v allocations per Post", n)
	}
}

// Parking allocates nothing.
func TestParkAllocs(t *testing.T) {
	l := ownLoop(t)
	if l.park.file == nil {
		t.Skipf("loops do not park here: %v", SelfTest().Park)
	}
	if n := testing.AllocsPerRun(20, func() {
		if err := l.parkUntil(l.Clock() + int64(3*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		l.drain()
	}); n > 0.1 {
		t.Errorf("%v allocations per park", n)
	}
}
