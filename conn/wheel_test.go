package conn

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

const tickTime = time.Duration(1) << tickShift

// wheelRig is a loop whose connections note in fired when their deadline passed.
type wheelRig struct {
	*rig
	fired []int64 // by connection: the time of OnTimeout, 0 = not yet
}

func newWheelRig(t *testing.T, n int) *wheelRig {
	w := &wheelRig{rig: newRig(t), fired: make([]int64, n)}
	for i := range n {
		s := w.dial()
		s.onTime = func() { w.fired[i] = w.loop.now }
	}
	return w
}

func (w *wheelRig) set(i int, at int64) {
	w.fired[i] = 0
	w.conns[i].c.SetDeadline(at)
}

// TestWheelModel compares the wheel with a list of deadlines, over random commands.
func TestWheelModel(t *testing.T) {
	spans := []time.Duration{tickTime, 50 * time.Millisecond, time.Second, 2 * time.Second, time.Minute, 6 * time.Minute}
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			w := newWheelRig(t, 20)
			w.now += rng.Int64N(int64(time.Hour)) // the wheel begins anywhere in its rotation
			w.turn()
			list := make([]int64, 20) // deadlines, 0 = none
			tick := make([]int64, 20) // the tick in which they are due
			for range 1000 {
				i := rng.IntN(20)
				switch span := int64(spans[rng.IntN(len(spans))]); rng.IntN(8) {
				case 0:
					list[i] = 0
					w.set(i, 0)
				case 1, 2, 3:
					list[i] = w.now + rng.Int64N(span) - rng.Int64N(int64(tickTime))
					tick[i] = max(tickOf(list[i]), w.now>>tickShift+1)
					w.set(i, list[i])
				case 4: // a connection ends, and another comes in its place
					w.conns[i].c.Abort(nil)
					w.settle()
					s := w.dial()
					w.conns[i].closed, w.conns[i] = 1, s
					s.onTime = func() { w.fired[i] = w.loop.now }
					w.conns = w.conns[:20]
					list[i] = 0
				default:
					w.now += rng.Int64N(span)
					w.turn()
				}
				checkWheel(t, w, list, tick)
			}
		})
	}
}

// checkWheel compares with the list; whoever has fired leaves it.
func checkWheel(t *testing.T, w *wheelRig, list, tick []int64) {
	t.Helper()
	earliest := int64(0)
	for i, at := range list {
		switch fired := w.fired[i] != 0; {
		case at == 0:
			if fired {
				t.Fatalf("connection %d has no deadline, but a timeout", i)
			}
		case fired && w.fired[i] < at:
			t.Fatalf("connection %d: timeout %v early", i, time.Duration(at-w.fired[i]))
		case !fired && tick[i] <= w.loop.wheel.tick:
			t.Fatalf("connection %d: no timeout %v after the deadline", i, time.Duration(w.now-at))
		case fired:
			list[i], w.fired[i] = 0, 0
		case earliest == 0 || tick[i] < earliest:
			earliest = tick[i]
		}
	}
	next := w.loop.wheel.next()
	if earliest != 0 && (next == 0 || next > earliest<<tickShift) {
		t.Fatalf("next is %d, after the earliest deadline's tick %d", next, earliest<<tickShift)
	}
	if next != 0 && next <= w.loop.wheel.tick<<tickShift {
		t.Fatalf("next is %d: that tick was emptied", next)
	}
}

// TestWheelPunctual follows the wheel's own wake-ups, as a driver does: a deadline of any
// distance, beyond the wheel's span too, is met within a tick and with few wake-ups.
func TestWheelPunctual(t *testing.T) {
	rotation := wheelSlots * tickTime // of level 0
	for _, d := range []time.Duration{
		1, tickTime - 1, tickTime, tickTime + 1, 100 * time.Millisecond,
		rotation - tickTime, rotation - 1, rotation, rotation + 1, rotation + tickTime, 2 * rotation,
		time.Minute, 255 * rotation, 256*rotation - tickTime, 256 * rotation, 257 * rotation, 10 * time.Minute, time.Hour,
	} {
		for offset := time.Duration(0); offset < 2*rotation; offset += rotation/3 + tickTime/7 {
			w := newWheelRig(t, 1)
			w.now += int64(offset)
			w.turn()
			at := w.now + int64(d)
			w.set(0, at)
			w.turn()
			before := w.turns
			w.sleep(d + 2*tickTime)
			if late := time.Duration(w.fired[0] - at); w.fired[0] == 0 || late < 0 || late > tickTime {
				t.Errorf("deadline %v at %v: fired at %d, %v late", d, offset, w.fired[0], late)
			}
			if got, most := w.turns-before, 3+int(d/(255*rotation)); got > most {
				t.Errorf("deadline %v at %v: %d wake-ups, want at most %d", d, offset, got, most)
			}
		}
	}
}

// TestWheelRotationStart: the ticks in which level 1 is emptied are met, too.
func TestWheelRotationStart(t *testing.T) {
	for rotations := range int64(4) {
		for tick := int64(-1); tick <= 1; tick++ {
			w := newWheelRig(t, 1)
			due := (w.loop.wheel.tick>>8+2+rotations)<<8 + tick
			w.set(0, due<<tickShift-1)
			for w.fired[0] == 0 && w.now < (due+3)<<tickShift {
				w.now += int64(tickTime)
				w.turn()
			}
			if got := w.fired[0] >> tickShift; got != due {
				t.Errorf("due in tick %d, %d after a rotation began: fired in tick %d", due, tick, got)
			}
		}
	}
}

// TestWheelForever: no timeout is a deadline that never comes, and wakes nobody often.
func TestWheelForever(t *testing.T) {
	w := newWheelRig(t, 1)
	w.set(0, w.now+int64(forever))
	w.turn()
	before := w.turns
	w.sleep(4 * time.Hour)
	if w.fired[0] != 0 {
		t.Error("a timeout came")
	}
	if n := w.turns - before; n > 60 {
		t.Errorf("%d wake-ups in four hours", n)
	}
}

// TestWheelLazy: a deadline that moves later costs nothing until its bucket comes round.
func TestWheelLazy(t *testing.T) {
	w := newWheelRig(t, 2)
	start := w.now
	w.set(0, start+int64(time.Second))
	link := w.conns[0].c.timer
	for i := range 1000 {
		w.set(0, start+int64(time.Second)+int64(i)*int64(time.Millisecond))
		w.set(1, 0)
	}
	if w.conns[0].c.timer != link {
		t.Error("moving a deadline later has moved it in the wheel")
	}
	w.turn()
	w.sleep(1900 * time.Millisecond)
	if w.fired[0] != 0 {
		t.Errorf("timeout after %v at the deadline of before", time.Duration(w.fired[0]-start))
	}
	w.sleep(150 * time.Millisecond)
	if w.fired[0] == 0 {
		t.Error("the deadline that was moved never came")
	}
}

// TestWheelEarlier: a deadline that moves forward is kept.
func TestWheelEarlier(t *testing.T) {
	w := newWheelRig(t, 1)
	start := w.now
	w.set(0, start+int64(time.Hour))
	w.set(0, start+int64(20*time.Millisecond))
	w.turn()
	w.sleep(time.Minute)
	if late := time.Duration(w.fired[0]-start) - 20*time.Millisecond; late < 0 || late > tickTime {
		t.Errorf("fired %v late", late)
	}
}

// TestWheelManyInOneBucket: all of a bucket fire in one turn, and those that set a new
// deadline from inside are not fired again at once.
func TestWheelManyInOneBucket(t *testing.T) {
	const n = 300 // several pages
	w := newWheelRig(t, n)
	fires := 0
	for i, s := range w.conns {
		s.onTime = func() {
			fires++
			switch i % 3 {
			case 0:
				s.c.SetDeadline(w.now - 1) // already past: in the next tick
			case 1:
				s.c.SetDeadline(w.now + int64(wheelSlots*tickTime)) // the same bucket, once round
			}
		}
		w.set(i, w.now+int64(time.Second))
	}
	w.turn()
	w.now += int64(time.Second + tickTime)
	w.turn()
	if fires != n {
		t.Errorf("%d of %d fired", fires, n)
	}
	if left := w.loop.wheel.n; left != 2*n/3 {
		t.Errorf("%d are in the wheel, want the %d that set a deadline anew", left, 2*n/3)
	}
}

// TestWheelGap: a loop that slept long (a suspended machine) catches up.
func TestWheelGap(t *testing.T) {
	w := newWheelRig(t, 3)
	w.set(0, w.now+int64(time.Second))
	w.set(1, w.now+int64(2*time.Minute))
	w.set(2, w.now+int64(5*time.Hour))
	w.turn()
	w.now += int64(4 * time.Hour)
	w.turn()
	if w.fired[0] == 0 || w.fired[1] == 0 || w.fired[2] != 0 {
		t.Errorf("fired after the gap: %v", w.fired)
	}
	w.sleep(time.Hour + tickTime)
	if w.fired[2] == 0 {
		t.Error("the last deadline was lost in the gap")
	}
}

func TestWheelAllocatesNothing(t *testing.T) {
	w := newWheelRig(t, 100)
	fires := 0
	for _, s := range w.conns {
		s.c.SetHandler(&quiet{script: s, onTime: func() { fires++ }})
	}
	n := testing.AllocsPerRun(100, func() {
		for i := range 100 {
			w.set(i, w.now+int64(i)*int64(7*time.Millisecond))
		}
		w.now += int64(300 * time.Millisecond)
		w.loop.Turn(w.now)
		for i := range 50 {
			w.set(i, 0)
		}
	})
	if fires < 40*100 {
		t.Errorf("%d timeouts, want over 40 in each run", fires)
	}
	if n != 0 {
		t.Errorf("%v allocations in a run of 100 deadlines", n)
	}
}
