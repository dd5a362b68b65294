package conn

import "time"

// TickConfig sets up a Ticker. Zero means the default.
type TickConfig struct {
	// Every is the period, more than 0. Start is the loop time from which it counts: the n-th tick
	// is due at Start + n·Every, however late those before it were.
	Every time.Duration
	Start int64

	// Run is called for each tick, on the loop, and must not block. A panic is not caught.
	Run func(t *Tick)

	// CatchUp is how many of the ticks whose time has passed are made up for, one after the
	// other, each in a turn of its own. Ticks before those are missed. Default none: after a
	// stall the loop goes on with the tick that is due now.
	CatchUp int

	// LateAfter is how late a tick may begin before it is counted as late. Default a tenth of
	// Every.
	LateAfter time.Duration

	// Spin is how long before a tick the loop no longer sleeps, but looks again and again for
	// what has come, because a sleep ends some ten µs too late. Default 0.
	Spin time.Duration

	// Budgets are how long each phase may take. 0 is Every, negative no budget.
	Budgets Budgets
}

// Tick is one tick, lent to TickConfig.Run until that returns.
type Tick struct {
	N      uint64        // its number, from 1; missed ticks have one, too
	At     int64         // when it was due, loop time
	Late   time.Duration // how much later it has begun
	Missed uint64        // ticks right before it that were not run because their time had passed

	ticker *Ticker
}

// Ticker returns the tick's ticker.
func (t *Tick) Ticker() *Ticker { return t.ticker }

// Encode says that what follows in the function is encoding: it begins that phase.
func (t *Tick) Encode() {
	if t.ticker.mark == 0 {
		t.ticker.mark = t.ticker.loop.drv.Clock()
	}
}

// Ticker calls a function periodically. Its methods are for the loop.
type Ticker struct {
	loop  *Loop
	cfg   TickConfig
	due   int64 // when the next tick is, loop time
	tick  Tick  // the latest
	mark  int64 // when it began to encode, 0 = not yet
	seen  int64 // ticking.received when it began
	stats TickStats

	flushing bool // its function has run in this turn
	stopped  bool
}

// ticking is what a loop has for its tickers.
type ticking struct {
	list     []*Ticker
	received time.Duration // time spent in callbacks and tasks, in turns with a ticker
	flushed  int64         // when the last function of this turn returned, 0 = none has run
	halted   bool          // a ticker of the list has stopped
}

// Every starts a ticker. A loop that is shutting down has none: it is stopped then.
func (l *Loop) Every(cfg TickConfig) *Ticker {
	if cfg.Every <= 0 {
		panic("conn: TickConfig.Every is not positive")
	}
	cfg.CatchUp = max(0, cfg.CatchUp)
	cfg.LateAfter = orDefaultTime(cfg.LateAfter, cfg.Every/10)
	cfg.Spin = min(max(0, cfg.Spin), cfg.Every)
	for i := range cfg.Budgets {
		cfg.Budgets[i] = orDefaultTime(cfg.Budgets[i], cfg.Every)
	}
	t := &Ticker{loop: l, cfg: cfg, due: cfg.Start + int64(cfg.Every), seen: int64(l.ticks.received), stopped: l.shutting}
	t.tick = Tick{At: cfg.Start, ticker: t}
	if !t.stopped {
		l.ticks.list = append(l.ticks.list, t)
	}
	return t
}

// Stop ends the ticker: no tick begins after it.
func (t *Ticker) Stop() {
	t.stopped = true
	t.loop.ticks.halted = true
}

// Stats are the counters as they stand. They go on counting: copy what is to stay.
func (t *Ticker) Stats() *TickStats { return &t.stats }

// stop ends all tickers.
func (ts *ticking) stop() {
	for _, t := range ts.list {
		t.Stop()
	}
}

// runTicks is called at the beginning of each turn, before anything else that may take long.
func (l *Loop) runTicks() {
	ts := &l.ticks
	if len(ts.list) == 0 {
		return
	}
	if ts.flushed != 0 {
		ts.endFlush(l.now)
	}
	clock := l.drv.Clock()
	ts.received += time.Duration(clock - l.now)
	for i := 0; i < len(ts.list); i++ { // a tick may start another ticker
		if t := ts.list[i]; t.due <= clock && !t.stopped {
			clock = t.run(clock)
			ts.flushed = clock
		}
	}
	if ts.halted {
		ts.halted = false
		ts.drop()
	}
}

// run makes the tick that is due and returns the time afterwards.
func (t *Ticker) run(clock int64) int64 {
	every := int64(t.cfg.Every)
	passed := (clock - t.due) / every // ticks whose successors are due, too
	missed := max(0, passed-int64(t.cfg.CatchUp))
	t.miss(clock, missed)
	tick := &t.tick
	tick.N += uint64(missed) + 1
	tick.At, tick.Missed = t.due+missed*every, uint64(missed)
	tick.Late = time.Duration(clock - tick.At)
	t.due = tick.At + every
	t.began(tick.Late)
	t.mark = 0
	t.cfg.Run(tick)
	after := t.loop.drv.Clock()
	if t.mark == 0 {
		t.mark = after
	}
	received := int64(t.loop.ticks.received)
	t.took(PhaseReceive, received-t.seen)
	t.took(PhaseSimulate, t.mark-clock)
	t.took(PhaseEncode, after-t.mark)
	t.seen = received
	t.flushing = true
	return after
}

// endFlush ends the last phase of those that ran in the turn before: everything that it prepared
// has been handed over by now.
func (ts *ticking) endFlush(now int64) {
	for _, t := range ts.list {
		if t.flushing {
			t.flushing = false
			t.took(PhaseFlush, now-ts.flushed)
		}
	}
	ts.flushed = 0
}

// drop forgets those that have stopped.
func (ts *ticking) drop() {
	kept := ts.list[:0]
	for _, t := range ts.list {
		if !t.stopped {
			kept = append(kept, t)
		}
	}
	clear(ts.list[len(kept):])
	ts.list = kept
	if len(kept) == 0 {
		ts.flushed = 0
	}
}

// next is when the loop is to turn again for a tick, 0 = not. After a tick that is at once: a turn
// that finds nothing tells when the output was gone.
func (ts *ticking) next(now int64) int64 {
	if ts.flushed != 0 {
		return now
	}
	at := int64(0)
	for _, t := range ts.list {
		at = earlier(at, t.due-int64(t.cfg.Spin))
	}
	return at
}
