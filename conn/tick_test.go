package conn

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

const ms = int64(time.Millisecond)

// ticked is a ticker under test, and what it has done, as "number+lateness", with the number of
// ticks missed before it.
type ticked struct {
	*rig
	ticker *Ticker
	start  int64
	calls  []string
	do     func(t *Tick)
}

func newTicked(t *testing.T, cfg TickConfig) *ticked {
	x := &ticked{rig: newRig(t)}
	x.start = x.rig.now
	x.ticker = x.every(cfg)
	x.turn()
	return x
}

// every starts another ticker at the same time.
func (x *ticked) every(cfg TickConfig) *Ticker {
	cfg.Start = x.start
	cfg.Run = func(t *Tick) {
		text := fmt.Sprintf("%d+%v", t.N, t.Late)
		if t.Missed > 0 {
			text += fmt.Sprintf(" missed %d", t.Missed)
		}
		if want := x.start + int64(t.N)*int64(cfg.Every); t.At != want || x.rig.now+x.ahead-t.At != int64(t.Late) {
			x.t.Errorf("tick %d was due at %d and %v late, want %d: ticks drift", t.N, t.At, t.Late, want)
		}
		x.calls = append(x.calls, text)
		if x.do != nil {
			x.do(t)
		}
	}
	return x.loop.Every(cfg)
}

// at has a turn take place so long after the start, and returns what was called.
func (x *ticked) at(after int64) string {
	x.rig.now, x.ahead = x.start+after, 0
	x.turn()
	return x.took()
}

func (x *ticked) took() string {
	text := strings.Join(x.calls, ", ")
	x.calls = x.calls[:0]
	return text
}

// wakes checks when the loop wants to turn again.
func (x *ticked) wakes(after int64, why string) {
	x.t.Helper()
	if got := x.wake - x.start; got != after {
		x.t.Errorf("it wants to turn at %v, want %v: %s", time.Duration(got), time.Duration(after), why)
	}
}

// However late a tick is, the next is due when it would have been.
func TestTicksDoNotDrift(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond})
	x.wakes(10*ms, "the first tick")
	want(t, x.at(9*ms), "", "before its time")
	want(t, x.at(10*ms), "1+0s", "on time")
	x.wakes(10*ms, "a turn without waiting tells when the output is gone")
	want(t, x.at(10*ms+1), "", "the tick was run already")
	x.wakes(20*ms, "the second tick")
	want(t, x.at(27*ms), "2+7ms", "late")
	want(t, x.at(30*ms), "3+0s", "no later for the one before")
	for n := int64(4); n < 1000; n++ {
		late := n * 7919 % 9 * ms
		want(t, x.at(n*10*ms+late), fmt.Sprintf("%d+%v", n, time.Duration(late)), "after many late ticks")
	}
	if st := x.ticker.Stats(); st.Ticks != 999 || st.Missed != 0 || st.Lateness.Count() != 999 {
		t.Errorf("%d ticks, %d missed, %d on record", st.Ticks, st.Missed, st.Lateness.Count())
	}
}

// What takes time in a turn before the tick is part of its lateness: the turn's own time is old.
func TestTickReadsTheClock(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond})
	x.rig.now, x.ahead = x.start+9*ms, 4*ms
	x.turn()
	want(t, x.took(), "1+3ms", "callbacks took 4 ms, in which the tick became due")
}

func TestMissedTicks(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond})
	want(t, x.at(39*ms), "3+9ms missed 2", "two are over; the third is late")
	want(t, x.at(40*ms), "4+0s", "the schedule stays")
	x.at(41 * ms)
	x.wakes(50*ms, "nothing is made up for")
	st := x.ticker.Stats()
	if st.Ticks != 2 || st.Missed != 2 || st.Late != 1 {
		t.Errorf("%d ticks, %d late, %d missed; want 2, 1, 2", st.Ticks, st.Late, st.Missed)
	}
	if n, most := st.Lateness.Count(), st.Lateness.Max(); n != 4 || most != 29*time.Millisecond {
		t.Errorf("%d are on record, the latest by %v; want 4 and 29 ms, which the stall has swallowed", n, most)
	}
	if sum := x.loop.Stats(); sum.Ticks != 2 || sum.LateTicks != 1 || sum.MissedTicks != 2 {
		t.Errorf("the loop counts %+v", sum)
	}
}

// Made-up ticks come one a turn, so that connections have theirs in between.
func TestCatchUp(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond, CatchUp: 2})
	want(t, x.at(65*ms), "4+25ms missed 3", "two of the five that are over are made up for")
	x.wakes(65*ms, "the next is due already")
	want(t, x.at(66*ms), "5+16ms", "one a turn")
	want(t, x.at(67*ms), "6+7ms", "the one that is due now")
	want(t, x.at(68*ms), "", "it has caught up")
	x.wakes(70*ms, "and goes on")
}

// A tick that takes longer than its period does not keep the loop from anything else, nor pile up.
func TestTicksSlowerThanTheirPeriod(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond, CatchUp: 3})
	after := int64(0)
	x.do = func(*Tick) { x.ahead += 25 * ms }
	for turns := range 100 {
		x.at(after)
		after += max(x.ahead, ms)
		if x.wake == 0 || len(x.calls) > 1 {
			t.Fatalf("turn %d: %q", turns, x.calls)
		}
	}
	st := x.ticker.Stats()
	if due := uint64(after / (10 * ms)); st.Ticks+st.Missed > due || st.Ticks+st.Missed+7 < due { // three wait, one is due, and up to three became so in the last turn
		t.Errorf("%d ticks, %d missed of %d", st.Ticks, st.Missed, due)
	}
}

func TestTicksAfterSuspend(t *testing.T) {
	x := newTicked(t, TickConfig{Every: time.Microsecond})
	day := int64(24 * time.Hour)
	want(t, x.at(day), "86400000000+0s missed 86399999999", "a day later")
	if st := x.ticker.Stats(); st.Missed != 86399999999 || st.Lateness.Count() != maxMisses+1 {
		t.Errorf("%d missed, %d on record, want no more than %d: a loop cannot count all", st.Missed, st.Lateness.Count(), maxMisses+1)
	}
}

func TestLateAfter(t *testing.T) {
	for _, tc := range []struct {
		after time.Duration
		late  int64
		want  uint64
	}{{0, ms, 0}, {0, ms + 1, 1}, {2 * time.Millisecond, 2 * ms, 0}, {2 * time.Millisecond, 2*ms + 1, 1}, {-1, 9 * ms, 0}} {
		x := newTicked(t, TickConfig{Every: 10 * time.Millisecond, LateAfter: tc.after})
		x.at(10*ms + tc.late)
		if n := x.ticker.Stats().Late; n != tc.want {
			t.Errorf("LateAfter %v: %d late ticks, want %d for one late by %v", tc.after, n, tc.want, time.Duration(tc.late))
		}
	}
}

// phases checks the longest of each phase.
func phases(t *testing.T, s *TickStats, want [NumPhases]int64, why string) {
	t.Helper()
	for p := range NumPhases {
		if got := s.Phases[p].Time.Max(); got != time.Duration(want[p]) {
			t.Errorf("%s: %v took %v, want %v", why, p, got, time.Duration(want[p]))
		}
	}
}

func TestTickPhases(t *testing.T) {
	budget := 3 * time.Millisecond
	x := newTicked(t, TickConfig{Every: 20 * time.Millisecond, Budgets: Budgets{budget, budget, -1, 0}})
	x.do = func(tick *Tick) {
		x.ahead += 4 * ms
		tick.Encode()
		x.ahead += 5 * ms
		tick.Encode() // only the first counts
		x.ahead += ms
	}
	for i := range int64(3) { // turns before the tick, of 1 ms each
		x.rig.now, x.ahead = x.start+i*4*ms, ms
		x.turn()
	}
	x.rig.now, x.ahead = x.start+20*ms, ms/2
	x.turn()
	want(t, x.took(), "1+500µs", "the tick")
	x.rig.now, x.ahead = x.start+20*ms+x.ahead+7*ms, 0 // when the enter has returned
	x.turn()
	st := x.ticker.Stats()
	phases(t, st, [NumPhases]int64{3*ms + ms/2, 4 * ms, 6 * ms, 7 * ms}, "one tick")
	if st.Phases[PhaseReceive].Over != 1 || st.Phases[PhaseSimulate].Over != 1 || st.Phases[PhaseEncode].Over != 0 ||
		st.Phases[PhaseFlush].Over != 0 || x.loop.Stats().Overruns != [NumPhases]uint64{1, 1, 0, 0} {
		t.Errorf("overruns %v, want receive and simulate: encode has no budget, flush all 20 ms", x.loop.Stats().Overruns)
	}
	x.do = nil
	x.at(40 * ms)
	x.at(61 * ms)
	if n := st.Phases[PhaseFlush].Over; n != 1 {
		t.Errorf("%d overruns of flush, want one: a period is over its default budget", n)
	}
	if st.Phases[PhaseReceive].Time.Count() != 3 || st.Phases[PhaseFlush].Time.Count() != 2 {
		t.Error("every tick has each phase once")
	}
}

// What a tick writes leaves in the same turn.
func TestTickFlushes(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond})
	s := x.dial()
	x.settle()
	x.do = func(*Tick) {
		_, _ = s.c.Output().Write([]byte("state"))
		s.c.Flush()
	}
	x.at(10 * ms)
	if link := x.links[s.id]; string(link.was) != "state" {
		t.Errorf("%q is being sent, want the tick's output", link.was)
	}
	x.settle()
}

// Two tickers share a loop: each has its own schedule, both the same flush.
func TestTwoTickers(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond})
	other := x.every(TickConfig{Every: 15 * time.Millisecond})
	x.do = func(*Tick) { x.ahead += ms }
	want(t, x.at(10*ms), "1+0s", "the first only")
	x.at(12 * ms)
	x.wakes(15*ms, "the second comes next")
	want(t, x.at(15*ms), "1+0s", "the second only")
	x.at(17 * ms)
	x.wakes(20*ms, "the first again")
	x.at(20 * ms)
	x.at(22 * ms)
	want(t, x.at(30*ms), "3+0s, 2+1ms", "both, one after the other")
	x.at(35 * ms)
	for _, s := range []*TickStats{x.ticker.Stats(), other.Stats()} {
		phases(t, s, [NumPhases]int64{0, ms, 0, 3 * ms}, "the flush begins after both")
	}
	other.Stop()
	want(t, x.at(45*ms), "4+5ms", "the second has stopped")
}

func TestTickersStopAndStartInTicks(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond})
	victim := x.every(TickConfig{Every: 10 * time.Millisecond})
	x.do = func(tick *Tick) {
		x.do = nil
		victim.Stop()
		tick.Ticker().Stop()
		x.every(TickConfig{Every: 5 * time.Millisecond})
	}
	want(t, x.at(10*ms), "1+0s, 2+0s missed 1", "the first stops the others and starts one, whose second tick is due")
	x.at(11 * ms)
	x.wakes(15*ms, "it is alone")
	if n := len(x.loop.ticks.list); n != 1 {
		t.Errorf("%d tickers are listed", n)
	}
	x.loop.ticks.list[0].Stop()
	x.at(20 * ms)
	if x.took() != "" || x.wake != 0 {
		t.Errorf("a loop whose tickers have stopped wants to turn at %d", x.wake)
	}
}

func TestShutdownStopsTicks(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond})
	x.loop.Shutdown()
	want(t, x.at(20*ms), "", "the loop shuts down")
	x.every(TickConfig{Every: 10 * time.Millisecond})
	want(t, x.at(30*ms), "", "and no longer begins any")
	if x.wake != 0 {
		t.Errorf("it wants to turn at %d", x.wake)
	}
}

// Spinning is turning again at once, from so long before the tick on.
func TestTickSpin(t *testing.T) {
	x := newTicked(t, TickConfig{Every: 10 * time.Millisecond, Spin: 100 * time.Microsecond})
	x.wakes(10*ms-ms/10, "it no longer sleeps from there on")
	want(t, x.at(10*ms-ms/20), "", "not yet")
	if x.wake == 0 || x.wake > x.rig.now {
		t.Errorf("it wants to turn at %d, now is %d", x.wake, x.rig.now)
	}
	want(t, x.at(10*ms+50), "1+50ns", "on time")
}

func TestTickConfigWithoutPeriod(t *testing.T) {
	defer func() {
		if v := recover(); v != "conn: TickConfig.Every is not positive" {
			t.Errorf("recovered %v", v)
		}
	}()
	newRig(t).loop.Every(TickConfig{})
}

func TestTickAllocs(t *testing.T) {
	x := newTicked(t, TickConfig{Every: time.Millisecond, CatchUp: 1})
	x.loop.Every(TickConfig{Every: time.Millisecond, Start: x.start, Run: func(tick *Tick) { tick.Encode() }})
	x.ticker.cfg.Run = func(tick *Tick) { tick.Encode() }
	if n := testing.AllocsPerRun(1000, func() {
		x.rig.now += 3 * ms / 2
		x.wake = x.loop.Turn(x.rig.now)
	}); n != 0 {
		t.Errorf("%v allocations per turn", n)
	}
	if x.ticker.Stats().Ticks < 1000 {
		t.Error("it did not tick")
	}
}

// Whatever the clock does, ticks keep their schedule, none is lost without being counted, and no
// more of them wait than were asked for.
func FuzzTicks(f *testing.F) {
	f.Add(uint16(1000), uint8(0), []byte{1, 2, 3, 100, 0, 255})
	f.Add(uint16(1), uint8(3), []byte{0, 0, 255, 255, 1})
	f.Add(uint16(65535), uint8(255), []byte{255, 255, 255, 7, 7, 7})
	f.Fuzz(func(t *testing.T, every uint16, catchUp uint8, steps []byte) {
		if every == 0 {
			return
		}
		d := &fake{t: t, now: int64(time.Hour)}
		alloc := mem.NewAllocator(mem.Config{})
		defer alloc.Close()
		l := NewLoop(Config{Driver: d, Alloc: alloc, Accept: func(*Conn) Handler { return nil }})
		start, last, ran := d.now, uint64(0), uint64(0)
		took := int64(0)
		ticker := l.Every(TickConfig{Every: time.Duration(every), Start: start, CatchUp: int(catchUp), Run: func(tick *Tick) {
			if tick.At != start+int64(tick.N)*int64(every) {
				t.Fatalf("tick %d was due at %d", tick.N, tick.At)
			}
			if tick.Late < 0 || tick.Late >= time.Duration(every)*(time.Duration(catchUp)+1) {
				t.Fatalf("tick %d is %v late", tick.N, tick.Late)
			}
			if tick.N != last+1+tick.Missed {
				t.Fatalf("tick %d after %d, and %d missed", tick.N, last, tick.Missed)
			}
			last = tick.N
			ran++
			d.ahead += took
		}})
		for _, s := range steps {
			d.now += int64(s) * int64(s)
			d.ahead, took = int64(s>>4), int64(s&15)
			before, clock := ran, d.Clock()
			due := start+int64(last+1)*int64(every) <= clock
			wake := l.Turn(d.now)
			if (ran == before+1) != due || wake == 0 {
				t.Fatalf("%d ticks in a turn, due: %v; it wants to turn at %d", ran-before, due, wake)
			}
		}
		st := ticker.Stats()
		if st.Ticks != ran || st.Ticks+st.Missed != last {
			t.Fatalf("%d ticks, %d missed, want %d together", st.Ticks, st.Missed, last)
		}
	})
}
