package ringwire

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tickLog notes ticks.
type tickLog struct {
	mu   sync.Mutex
	seen []noted
	more chan struct{}
}

type noted struct {
	n, missed uint64
	due       time.Time
	late      time.Duration
	at        time.Time
	loop      int
}

func newTickLog() *tickLog { return &tickLog{more: make(chan struct{}, 1)} }

func (l *tickLog) note(t *Tick) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, noted{t.N(), t.Missed(), t.Due(), t.Late(), time.Now(), t.Loop()})
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// await waits until cond holds of what was noted.
func (l *tickLog) await(t *testing.T, what string, cond func(seen []noted) bool) []noted {
	t.Helper()
	timeout := time.After(patience)
	for {
		l.mu.Lock()
		seen := l.seen
		l.mu.Unlock()
		if cond(seen) {
			return seen
		}
		select {
		case <-l.more:
		case <-timeout:
			t.Fatalf("waited in vain: %s; %d ticks", what, len(seen))
		}
	}
}

func atLeast(n int) func([]noted) bool { return func(seen []noted) bool { return len(seen) >= n } }

// checkTicks checks that ticks keep their numbers and times.
func checkTicks(t *testing.T, seen []noted, every time.Duration) {
	t.Helper()
	for i, s := range seen {
		if i > 0 {
			before := seen[i-1]
			if s.n != before.n+1+s.missed {
				t.Errorf("tick %d after %d, with %d missed", s.n, before.n, s.missed)
			}
			if d := s.due.Sub(before.due); d != time.Duration(s.n-before.n)*every {
				t.Errorf("tick %d is due %v after %d", s.n, d, before.n)
			}
		}
		if early := s.due.Sub(s.at); early > 10*time.Microsecond {
			t.Errorf("tick %d came %v before its time", s.n, early)
		}
		if off := s.at.Sub(s.due) - s.late; s.late < 0 || off < -10*time.Microsecond {
			t.Errorf("tick %d says that it is %v late, and came %v after its time", s.n, s.late, s.at.Sub(s.due))
		}
	}
}

// A thread that loses its processor between two looks at clocks does not take one for the other's time.
func TestClockAt(t *testing.T) {
	for stall := range 9 {
		now, looks := time.Unix(1000, 0), 0
		begin, base := now, now.Add(-time.Minute)
		look := func() time.Time {
			if looks++; looks <= stall {
				now = now.Add(time.Millisecond)
			}
			now = now.Add(50 * time.Nanosecond)
			return now
		}
		at := clockAt(begin, func() int64 { return int64(look().Sub(base)) }, look)
		if off := time.Duration(at) - begin.Sub(base); off.Abs() > time.Microsecond {
			t.Errorf("with %d stalls it is %v off", stall, off)
		}
	}
}

func TestEvery(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		before, after := newTickLog(), newTickLog()
		const every = 2 * time.Millisecond
		s := start(t, driver, hello, func(s *Server) { s.Loops = 2; s.Every(every, before.note) })
		ticker := s.Every(every, after.note)
		for _, l := range []*tickLog{before, after} {
			seen := l.await(t, "ten ticks", atLeast(10))
			if seen[0].n != 1+seen[0].missed {
				t.Errorf("the first tick is %d", seen[0].n)
			}
			checkTicks(t, seen, every)
			for _, n := range seen {
				if n.loop != 0 {
					t.Errorf("a tick on loop %d, want the first only", n.loop)
				}
			}
		}
		st := ticker.Stats()
		if st.Ticks < 10 || st.Lateness.Count() < st.Ticks || st.Phases[PhaseFlush].Time.Count()+1 < st.Ticks {
			t.Errorf("%d ticks, lateness of %d, flush of %d", st.Ticks, st.Lateness.Count(), st.Phases[PhaseFlush].Time.Count())
		}
		if sum := s.Stats(); sum.Ticks < st.Ticks {
			t.Errorf("the server counts %d ticks, the ticker has %d", sum.Ticks, st.Ticks)
		}
		p := s.dial()
		p.send(get("/"))
		p.expect("GET", 200, "hello /", "a loop that ticks serves")
	})
}

// All loops tick on one schedule, whoever starts when.
func TestEveryLoop(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		const every, loops = 3 * time.Millisecond, 3
		early, late := newTickLog(), newTickLog()
		s := start(t, driver, hello, func(s *Server) { s.Loops = loops; s.EveryLoop(every, early.note) })
		s.EveryLoop(every, late.note)
		for _, l := range []*tickLog{early, late} {
			var by [loops][]noted
			l.await(t, "ten ticks of each loop", func(seen []noted) bool {
				by = [loops][]noted{}
				for _, n := range seen {
					by[n.loop] = append(by[n.loop], n)
				}
				return len(by[0]) >= 10 && len(by[1]) >= 10 && len(by[2]) >= 10
			})
			due := map[uint64]time.Time{}
			for _, seen := range by {
				checkTicks(t, seen, every)
				for _, n := range seen {
					if at, ok := due[n.n]; ok && at != n.due {
						t.Errorf("tick %d is due at different times", n.n)
					}
					due[n.n] = n.due
				}
			}
		}
	})
}

// After Stop no tick begins, wherever it is called.
func TestTickerStops(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		never, inside, outside := newTickLog(), newTickLog(), newTickLog()
		s := start(t, driver, hello, func(s *Server) { s.Every(time.Millisecond, never.note).Stop() })
		var third atomic.Pointer[Ticker]
		s.Every(time.Millisecond, func(tick *Tick) {
			if inside.note(tick); len(inside.seen) == 3 {
				tick.Stop()
				third.Store(s.Every(time.Hour, func(*Tick) {})) // a loop may start one, too
			}
		})
		ticker := s.Every(time.Millisecond, outside.note)
		outside.await(t, "three ticks", atLeast(3))
		ticker.Stop()
		ticker.Stop()
		s.onLoop(func(*service) {}) // a tick that had begun is over
		outside.mu.Lock()
		n := len(outside.seen)
		outside.mu.Unlock()
		inside.await(t, "three ticks", atLeast(3))
		time.Sleep(20 * time.Millisecond)
		if got := len(outside.await(t, "", atLeast(0))); got != n {
			t.Errorf("%d ticks after Stop", got-n)
		}
		if got := len(inside.await(t, "", atLeast(0))); got != 3 {
			t.Errorf("%d ticks, want the three until it stopped itself", got)
		}
		if got := len(never.await(t, "", atLeast(0))); got != 0 {
			t.Errorf("%d ticks of a ticker that was stopped before the start", got)
		}
		s.mu.Lock()
		if len(s.tickers) != 1 || s.tickers[0] != third.Load() {
			t.Errorf("the server keeps %d tickers, want the one that runs", len(s.tickers))
		}
		s.mu.Unlock()
	})
}

// A drain does without ticks, and a server that has ended takes none.
func TestShutdownEndsTicks(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		entered, gate := make(chan struct{}), make(chan struct{})
		s := start(t, driver, Blocking(HandlerFunc(func(*ResponseWriter, *Request) { close(entered); <-gate })).ServeHTTP)
		log := newTickLog()
		s.Every(time.Millisecond, log.note)
		log.await(t, "a tick", atLeast(1))
		p := s.dial()
		p.send(get("/"))
		<-entered
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(context.Background()) }()
		s.eventually("the loop drains", func(svc *service) bool { return svc.loop.ShuttingDown() })
		before := len(log.await(t, "", atLeast(0)))
		time.Sleep(20 * time.Millisecond)
		if after := len(log.await(t, "", atLeast(0))); after != before {
			t.Errorf("%d ticks during the drain", after-before)
		}
		close(gate)
		if err := <-down; err != nil {
			t.Error(err)
		}
		late := s.Every(time.Millisecond, log.note)
		if st := late.Stats(); st.Ticks != 0 {
			t.Errorf("%d ticks of a server that has ended", st.Ticks)
		}
	})
}

// A panic ends its tick and is logged, once a second for one ticker.
func TestTickPanics(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		log := newTickLog()
		s := start(t, driver, hello)
		s.Every(time.Millisecond, func(tick *Tick) {
			log.note(tick)
			if tick.N()%2 == 0 {
				panic(ErrAbortHandler)
			}
			panic("world ends")
		})
		seen := log.await(t, "ticks go on", atLeast(20))
		text := s.log.String()
		if n := strings.Count(text, "tick panicked"); n != 1 && time.Since(seen[0].at) < time.Second {
			t.Errorf("%d reports of a second's panics", n)
		}
		for _, part := range []string{"level=ERROR", "world ends", "every=1ms", "tick=", "times=1", "tick_test.go"} {
			if !strings.Contains(text, part) {
				t.Errorf("the log does not say %q", part)
			}
		}
		p := s.dial()
		p.send(get("/"))
		p.expect("GET", 200, "hello /", "a loop whose ticks panic serves")
	})
}

// Missed ticks and phases over their budgets are reported, with the phase; not again until it is worse.
func TestHealthTellsTicks(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, unwatched)
		h := newHealth(s.Server)
		h.hang = time.Hour
		log := newTickLog()
		var slow atomic.Bool
		ticker, err := s.NewTicker(TickConfig{Every: 50 * time.Millisecond, Func: func(tick *Tick) {
			if slow.Load() {
				tick.Encode()
				time.Sleep(120 * time.Millisecond)
			}
			log.note(tick)
		}, Budgets: Budgets{-1, -1, 100 * time.Millisecond, -1}})
		if err != nil {
			t.Fatal(err)
		}
		log.await(t, "a tick", atLeast(1))
		h.round()
		slow.Store(true)
		seen := len(log.await(t, "", atLeast(0)))
		log.await(t, "slow ticks", atLeast(seen+3))
		ticker.Stop()
		h.round()
		lines := s.warnings()
		text := strings.Join(lines, "")
		for _, part := range []string{"ticks were missed", "phase=encode", "a phase of ticks takes longer than its budget",
			"encode once for all", `where="loop 0"`} {
			if !strings.Contains(text, part) {
				t.Errorf("no warning says %q:\n%s", part, text)
			}
		}
		h.round()
		if more := s.warnings(); len(more) != len(lines) {
			t.Errorf("what is over was reported once more: %q", more[len(lines):])
		}
	})
}

func TestTickErrors(t *testing.T) {
	s := &Server{}
	for field, cfg := range map[string]TickConfig{
		"TickConfig.Every": {Func: func(*Tick) {}},
		"TickConfig.Func":  {Every: time.Second},
	} {
		if _, err := s.NewTicker(cfg); err == nil {
			t.Errorf("%s: no error", field)
		} else if e, ok := as[*ConfigError](err); !ok || e.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	for _, every := range []func(time.Duration, func(*Tick)) *Ticker{s.Every, s.EveryLoop} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, "TickConfig.Every: is not positive") {
					t.Errorf("recovered %s", text)
				}
			}()
			every(0, func(*Tick) {})
		}()
	}
}

// A tick allocates nothing.
func TestTickerAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, unwatched)
		var ticks atomic.Int64
		s.Every(100*time.Microsecond, func(tick *Tick) {
			tick.Encode()
			_ = tick.Stats().Lateness.Quantile(0.99)
			ticks.Add(1)
		})
		wait := func(n int64) {
			for end := time.Now().Add(patience); ticks.Load() < n; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d ticks", ticks.Load())
				}
			}
		}
		wait(100)
		wantFrugal(t, "tick", 2000, 0.01, func() { wait(ticks.Load() + 2000) })
	})
}
