package ringwire

import (
	"time"

	"github.com/ringwire/ringwire/internal/flight"
)

// watchdog notices loops that stay in one handler. It only looks at a word of each, which the loop
// changes with every turn and every handler: loops that sleep are not woken for it, and those that
// are stuck not asked.
type watchdog struct {
	srv   *Server
	loops []watched
}

// watched is what was seen of a loop.
type watched struct {
	last  flight.Doing
	same  int // looks in a row that have seen that
	told  bool
	since time.Time // of what was told
}

// patienceLooks is how many looks in a row must see the same before it is told. Each looks at a
// part of StuckAfter, so that a process that did not run at all for a while is not blamed for it:
// the ticks that it missed do not count.
const patienceLooks = 4

// watchEvery is the time between two looks.
func (cfg *Config) watchEvery() time.Duration {
	return max(time.Millisecond, cfg.StuckAfter/patienceLooks)
}

func newWatchdog(s *Server) *watchdog {
	return &watchdog{srv: s, loops: make([]watched, len(s.services))}
}

// look looks at every loop.
func (d *watchdog) look() {
	for i := range d.loops {
		w := &d.loops[i]
		doing, since := d.srv.services[i].loop.Doing()
		if doing.State == flight.Asleep || !doing.Same(w.last) {
			if w.told {
				d.over(i, w)
			}
			*w = watched{last: doing}
			continue
		}
		if w.same++; w.same >= patienceLooks && !w.told {
			w.told, w.since = true, time.Now().Add(-since)
			d.srv.stuck.Add(1)
			d.tell(i)
		}
	}
}

// told reports whether a loop is stuck, and whoever reads the log knows.
func (d *watchdog) told(i int) bool { return d != nil && d.loops[i].told }

// recordsTold is how many of a stuck loop's records go to the log. The rest is in WriteFlight.
const recordsTold = 8

// tell reports a loop that is stuck.
func (d *watchdog) tell(i int) {
	l := flightOf(i, d.srv.services[i].loop, d.srv.StuckAfter)
	handler, remedy := l.Handler, "it must not wait or compute for long: wrap it in Blocking; the stack shows where it is"
	if l.State != LoopInHandler {
		handler, remedy = "none", "see the stack: what the application's Logger or TLS callbacks do on a loop must not wait, either"
	}
	d.srv.Logger.Warn("ringwire: a loop is stuck", "loop", i, "handler", handler, "for", sinceTurn(l.For), "remedy", remedy,
		"stack", callbackStacks(), "flight", lastRecords(l.Records, recordsTold))
}

// over reports that a loop goes on.
func (d *watchdog) over(i int, w *watched) {
	d.srv.Logger.Info("ringwire: a loop goes on", "loop", i, "handler", w.last.Mark.String(), "was_stuck_for", sinceTurn(time.Since(w.since)))
}
