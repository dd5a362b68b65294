//go:build linux

package ring

import (
	"runtime"
	"testing"
	"time"
)

// A batch of completions does not keep the loop from a deadline that has passed meanwhile.
func TestDrainEndsAtDeadline(t *testing.T) {
	l := ownLoop(t)
	for _, tc := range []struct {
		deadline int64
		left     uint32
		why      string
	}{
		{0, 0, "there is none"},
		{l.Clock() + int64(time.Hour), 0, "it is far away"},
		{1, 100 - drainStep, "it has passed"},
	} {
		l.ring.Advance(l.ring.Ready())
		nops(t, l.ring, 100, 0)
		if _, err := l.ring.SubmitAndWait(100); err != nil {
			t.Fatal(err)
		}
		l.deadline = tc.deadline
		if l.drain(); l.ring.Ready() != tc.left {
			t.Errorf("%d of 100 completions are left, want %d: of the deadline %s", l.ring.Ready(), tc.left, tc.why)
		}
	}
	// What is left does not let the loop sleep.
	start := time.Now()
	if err := l.wait(l.Clock() + int64(10*time.Second)); err != nil || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v with completions at hand", err, time.Since(start))
	}
}

// The time that a turn takes does not put the deadline off: on kernels with an absolute timeout
// and on those without.
func TestSleepCountsTheTurn(t *testing.T) {
	const turn = 60 * time.Millisecond
	for name, until := range map[string]Version{"this kernel": {}, "6.11": {6, 11}} {
		t.Run(name, func(t *testing.T) {
			if until != (Version{}) {
				defer EmulateKernel(until)()
			}
			l := ownLoop(t)
			best := time.Hour
			for range 5 { // the machine may be busy once
				l.now = l.Clock()
				deadline := l.now + int64(turn+5*time.Millisecond)
				time.Sleep(turn)
				for l.Clock() < deadline {
					if err := l.sleep(deadline); err != nil && !transient(err) {
						t.Fatal(err)
					}
				}
				best = min(best, time.Duration(l.Clock()-deadline))
			}
			if best > turn/2 {
				t.Errorf("%v late at best after a turn of %v", best, turn)
			}
		})
	}
}

// ownLoop is a loop on this goroutine.
func ownLoop(t *testing.T) *Loop {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	l, err := NewLoop(LoopConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.release)
	if err := l.ring.EnableRings(); err != nil {
		t.Fatal(err)
	}
	return l
}
