//go:build linux

package ring

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestYieldDue(t *testing.T) {
	const busy = yieldTurns
	for _, tc := range []struct {
		name     string
		after    int64 // since the last time
		deadline int64 // from now, 0 = none
		turns    uint64
		due      bool
	}{
		{"busy for long", yieldEvery, 0, busy, true},
		{"just before", yieldEvery - 1, 0, busy, false},
		{"few turns", yieldEvery, 0, busy - 1, false},
		{"a deadline far away", yieldEvery, yieldMargin, busy, true},
		{"a deadline that is near", yieldEvery, yieldMargin - 1, busy, false},
		{"a deadline that has passed", yieldEvery, -1, busy, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const at, turns = int64(time.Hour), 1000
			y := yielding{at, turns}
			now := at + tc.after
			deadline := int64(0)
			if tc.deadline != 0 {
				deadline = now + tc.deadline
			}
			if got := y.due(now, deadline, turns+tc.turns); got != tc.due {
				t.Errorf("due: %v, want %v", got, tc.due)
			}
			if tc.due && y.due(now+yieldEvery-1, 0, turns+2*tc.turns) {
				t.Error("due again too early")
			}
		})
	}
}

// A deadline that comes in between puts the yielding off, not out.
func TestYieldPutOff(t *testing.T) {
	y := yielding{}
	if y.due(yieldEvery, yieldEvery+1, yieldTurns) {
		t.Fatal("due right before a deadline")
	}
	if !y.due(yieldEvery+1, 0, yieldTurns) {
		t.Error("not due behind it")
	}
}

// A busy loop yields before it sleeps, but not while there is something to submit or to read.
func TestYieldBeforeSleep(t *testing.T) {
	l := ownLoop(t)
	for _, tc := range []struct {
		name   string
		nops   uint64
		read   bool
		yields uint64
	}{
		{"nothing", 0, false, 1},
		{"something to submit", 1, false, 0},
		{"something to read", 1, true, 0},
	} {
		nops(t, l.ring, tc.nops, 0)
		if tc.read {
			if _, err := l.ring.Submit(); err != nil {
				t.Fatal(err)
			}
		}
		l.makeYieldDue()
		if err := l.sleep(l.now + yieldMargin); err != nil && !transient(err) {
			t.Fatal(err)
		}
		if l.stats.Yields != tc.yields {
			t.Errorf("%s: yielded %d times, want %d", tc.name, l.stats.Yields, tc.yields)
		}
		l.ring.Advance(l.ring.Ready())
	}
}

// Where there is one place for all, another goroutine runs in it meanwhile.
func TestYieldRunsOthers(t *testing.T) {
	l := ownLoop(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var ran atomic.Bool
	for range 10 { // now and then the scheduler takes who came last
		go ran.Store(true)
		l.makeYieldDue()
		if l.yield(0); ran.Load() {
			return
		}
	}
	t.Error("no other goroutine has run")
}

func (l *Loop) makeYieldDue() {
	l.now = l.Clock()
	l.yielded = yielding{at: l.now - yieldEvery}
	l.stats.Turns, l.stats.Yields = yieldTurns, 0
}
