package ringwire

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/flight"
)

// Phases of a tick, for TickConfig.Budgets and TickStats.
const (
	PhaseReceive  = conn.PhaseReceive  // what arrived since the tick before, and its handlers
	PhaseSimulate = conn.PhaseSimulate // the tick's function, until Tick.Encode or its end
	PhaseEncode   = conn.PhaseEncode   // the rest of the function
	PhaseFlush    = conn.PhaseFlush    // from then on until the system has been given the output
)

// Budgets are how long each phase of a tick may take: Budgets{PhaseSimulate: time.Millisecond}.
type Budgets = conn.Budgets

// TickStats count a Ticker's ticks, with how late they were and how long their phases took.
type TickStats = conn.TickStats

// TickConfig sets up a Ticker.
type TickConfig struct {
	// Every is the time from one tick to the next. Func is called for each, on a loop: it must not
	// block, and what it writes leaves together when it returns.
	Every time.Duration
	Func  func(*Tick)

	// AllLoops calls Func on every loop, all on one schedule, each for itself and possibly at the
	// same time. Otherwise it is called on the first.
	AllLoops bool

	// CatchUp is how many ticks whose time has passed in a stall are made up for, back to back. Those
	// before are missed: counted, not run. Default none.
	CatchUp int

	// LateAfter is how late a tick begins to count as late. Default Every/10.
	LateAfter time.Duration

	// Spin is how long before a tick its loop stops sleeping and looks for what arrives instead:
	// 100 µs make ticks that are some 70 µs late punctual, and cost that much of a processor each.
	// Default none.
	Spin time.Duration

	// Budgets are how long each phase may take before that is counted, and reported with
	// Config.HealthEvery. 0 is Every, negative no budget.
	Budgets Budgets
}

// Every calls fn once every d, on the first loop, from the start of the server or, when that runs
// already, from now, until Ticker.Stop or the server's end: the n-th tick is due n·d after that,
// however late the others were. A tick whose successor is due, too, is missed. docs/TICKS.md
// has all of it, NewTicker more to choose. Every panics unless d is positive. It may be
// called from anywhere.
func (s *Server) Every(d time.Duration, fn func(*Tick)) *Ticker {
	return s.mustTick(TickConfig{Every: d, Func: fn})
}

// EveryLoop is Every on each loop: fn is called by each for itself, possibly at the same time.
func (s *Server) EveryLoop(d time.Duration, fn func(*Tick)) *Ticker {
	return s.mustTick(TickConfig{Every: d, Func: fn, AllLoops: true})
}

func (s *Server) mustTick(cfg TickConfig) *Ticker {
	t, err := s.NewTicker(cfg)
	if err != nil {
		panic(err.Error())
	}
	return t
}

// NewTicker is Every with everything that can be chosen. An error is a *ConfigError.
func (s *Server) NewTicker(cfg TickConfig) (*Ticker, error) {
	switch {
	case cfg.Every <= 0:
		return nil, &ConfigError{"TickConfig.Every", "is not positive"}
	case cfg.Func == nil:
		return nil, &ConfigError{"TickConfig.Func", "is nil: there is nothing to do every tick"}
	}
	t := &Ticker{srv: s, cfg: cfg, mark: flight.Mark{Kind: "tick", Func: cfg.Func}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tickers = append(s.tickers, t)
	if len(s.services) > 0 && s.state == stateRunning {
		t.spread(s.wall())
	}
	return t, nil
}

// startTickers starts what was made before the loops. The caller holds mu.
func (s *Server) startTickers() {
	now := s.wall()
	for _, t := range s.tickers {
		t.spread(now)
	}
}

// Ticker calls a function periodically. Its methods may be called from anywhere, but for Stats.
type Ticker struct {
	srv     *Server
	cfg     TickConfig
	mark    flight.Mark
	stopped atomic.Bool
	start   time.Time
	parts   []*tickPart // one on each loop that ticks; under Server.mu, as start
}

// spread starts the ticker on its loops. The caller holds the server's mu.
func (t *Ticker) spread(start time.Time) {
	t.start = start
	services := t.srv.services
	if !t.cfg.AllLoops {
		services = services[:1]
	}
	for i, svc := range services {
		p := &tickPart{ticker: t, svc: svc, tick: Tick{loop: i}}
		p.tick.part = p
		t.parts = append(t.parts, p)
		svc.loop.Post(p)
	}
}

// Stop ends the ticker: no tick begins after it. It does not wait for one that runs.
func (t *Ticker) Stop() {
	if t.stopped.Swap(true) {
		return
	}
	s := t.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.tickers, t); i >= 0 {
		s.tickers = slices.Delete(s.tickers, i, i+1)
	}
	for _, p := range t.parts {
		p.svc.loop.Post(p)
	}
}

// Stats asks the ticker's loops for its counters, waits for the answers and adds them up. It must
// not be called on a loop, which would wait for itself: Tick.Stats is for there.
func (t *Ticker) Stats() TickStats {
	var sum TickStats
	t.srv.mu.Lock()
	parts := t.parts
	t.srv.mu.Unlock()
	for _, p := range parts {
		t.srv.onLoop(p.svc, func(*service) {
			if p.running != nil {
				sum.Add(p.running.Stats())
			}
		})
	}
	return sum
}

// Tick is one tick, lent to its function until that returns.
type Tick struct {
	conn *conn.Tick
	part *tickPart
	loop int
}

// N is the tick's number, from 1. Missed ticks have one, too.
func (t *Tick) N() uint64 { return t.conn.N }

// Due is when the tick was due: N periods after the ticker's start.
func (t *Tick) Due() time.Time {
	k := t.part.ticker
	return k.start.Add(time.Duration(t.conn.N) * k.cfg.Every)
}

// Late is how much later than that it has begun.
func (t *Tick) Late() time.Duration { return t.conn.Late }

// Missed is how many ticks right before this one were not run, because their time had passed. A
// world that has to go on at its pace goes Missed+1 steps.
func (t *Tick) Missed() uint64 { return t.conn.Missed }

// Loop is the number of the loop that ticks, from 0.
func (t *Tick) Loop() int { return t.loop }

// Encode says that the world has been computed, and that what follows is encoding it: it divides
// the function's time in two phases. It need not be called.
func (t *Tick) Encode() { t.conn.Encode() }

// Stats are the ticker's counters on this loop, the running tick's phases not yet among them. They are
// lent like the tick: copy what is to stay.
func (t *Tick) Stats() *TickStats { return t.conn.Ticker().Stats() }

// Stop ends the ticker, on all loops.
func (t *Tick) Stop() { t.part.ticker.Stop() }

// tickPart is a ticker on one loop. Only that loop touches it.
type tickPart struct {
	ticker  *Ticker
	svc     *service
	running *conn.Ticker
	tick    Tick

	panics int   // not yet logged
	logAt  int64 // loop time before which none is
}

// RunTask starts the ticker on its loop, or stops it.
func (p *tickPart) RunTask() {
	t := p.ticker
	switch {
	case t.stopped.Load():
		if p.running != nil {
			p.running.Stop()
		}
	case p.running == nil:
		loop := p.svc.loop
		p.running = loop.Every(conn.TickConfig{
			Every: t.cfg.Every, Run: p.run, CatchUp: t.cfg.CatchUp, LateAfter: t.cfg.LateAfter, Spin: t.cfg.Spin,
			Budgets: t.cfg.Budgets, Start: clockAt(t.start, loop.Driver().Clock, t.srv.wall),
		})
	}
}

// clockAt is what a loop's clock shows at the time t of another clock. Between two looks at clocks a
// thread may lose its processor, by which every tick would seem the later: the closest looks count.
func clockAt(t time.Time, clock func() int64, wall func() time.Time) (at int64) {
	const near, tries = int64(2 * time.Microsecond), 20
	best, before := int64(math.MaxInt64), clock()
	for range tries {
		now := wall()
		after := clock()
		if apart := after - before; apart < best {
			best, at = apart, before+apart/2-int64(now.Sub(t))
		}
		if best <= near {
			break
		}
		before = after
	}
	return at
}

// run makes a tick. A panic ends it, and not those that follow.
func (p *tickPart) run(tick *conn.Tick) {
	p.tick.conn = tick
	ok := false
	defer func() {
		if !ok {
			p.panicked(recovered(recover()))
		}
	}()
	if !p.ticker.stopped.Load() {
		p.svc.loop.Handling(&p.ticker.mark)
		p.ticker.cfg.Func(&p.tick)
	}
	ok = true
}

// panicPause is how long the panics of one ticker are counted before they are logged again: what
// panics once tends to do so in every tick.
const panicPause = time.Second

func (p *tickPart) panicked(v any) {
	if v == ErrAbortHandler {
		return
	}
	p.panics++
	if now := p.svc.loop.Now(); now >= p.logAt {
		p.svc.srv.logTickPanic(&p.tick, v, stackOf(v), p.panics)
		p.panics, p.logAt = 0, now+int64(panicPause)
	}
}
