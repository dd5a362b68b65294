package conn

import "time"

// Phase is a part of the time from one tick to the next.
type Phase uint8

// The phases of a tick, in order.
const (
	PhaseReceive  Phase = iota // callbacks and tasks since the tick before: what has arrived, and its handlers
	PhaseSimulate              // the tick's function, until Tick.Encode or its end
	PhaseEncode                // the rest of the function
	PhaseFlush                 // from then on until the system has been given the output
	NumPhases
)

// String is the phase's name.
func (p Phase) String() string {
	return [NumPhases]string{"receive", "simulate", "encode", "flush"}[p]
}

// Budgets are how long each phase of a tick may take.
type Budgets [NumPhases]time.Duration

// TickStats count what has become of a ticker's ticks.
type TickStats struct {
	Ticks  uint64 // that were run
	Late   uint64 // of those, that began later than TickConfig.LateAfter
	Missed uint64 // that were not run because their time had passed

	// Lateness is that of every tick that was due. Missed ones count with how late they were when
	// they were given up, so that a stall does not hide what it has swallowed.
	Lateness Histogram

	Phases [NumPhases]PhaseStats
}

// PhaseStats are one phase of a ticker's ticks.
type PhaseStats struct {
	Time Histogram
	Over uint64 // times that it took longer than its budget
}

// Add counts what o has counted, too.
func (s *TickStats) Add(o *TickStats) {
	s.Ticks += o.Ticks
	s.Late += o.Late
	s.Missed += o.Missed
	s.Lateness.Add(&o.Lateness)
	for i := range s.Phases {
		s.Phases[i].Over += o.Phases[i].Over
		s.Phases[i].Time.Add(&o.Phases[i].Time)
	}
}

// maxMisses is how many ticks of one stall are recorded one by one: after a suspend of the machine
// there may be millions.
const maxMisses = 1 << 10

// miss counts the n ticks that come before the one to be run, the earliest of which is due.
func (t *Ticker) miss(clock, n int64) {
	t.stats.Missed += uint64(n)
	t.loop.stats.MissedTicks += uint64(n)
	for i := range min(n, maxMisses) {
		t.stats.Lateness.Record(time.Duration(clock - t.due - i*int64(t.cfg.Every)))
	}
}

// began counts a tick.
func (t *Ticker) began(late time.Duration) {
	t.stats.Ticks++
	t.loop.stats.Ticks++
	t.stats.Lateness.Record(late)
	if late > t.cfg.LateAfter {
		t.stats.Late++
		t.loop.stats.LateTicks++
	}
}

// took counts a phase.
func (t *Ticker) took(p Phase, ns int64) {
	s := &t.stats.Phases[p]
	s.Time.Record(time.Duration(ns))
	if ns > int64(t.cfg.Budgets[p]) {
		s.Over++
		t.loop.stats.Overruns[p]++
	}
}
