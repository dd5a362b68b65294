package ringwire

import (
	"log/slog"

	"github.com/ringwire/ringwire/conn"
)

// tickVitals are what a loop's tickers have counted.
type tickVitals struct {
	ticks, missed uint64
	over          [conn.NumPhases]uint64
}

// overruns are those since before: the phase that has most, and how many all have.
func (v *tickVitals) overruns(before *tickVitals) (most conn.Phase, sum uint64) {
	for p := range conn.NumPhases {
		n := v.over[p] - before.over[p]
		if sum += n; n > v.over[most]-before.over[most] {
			most = p
		}
	}
	return most, sum
}

// tickRemedies say what to do about a phase that takes too long.
var tickRemedies = [conn.NumPhases]string{
	conn.PhaseReceive:  "handlers take the loop's time between ticks: wrap what computes for long in Blocking, or spread connections over more Loops",
	conn.PhaseSimulate: "compute less in a tick, or less often",
	conn.PhaseEncode:   "encode once for all instead of once for each connection",
	conn.PhaseFlush:    "send less, or to fewer connections for each of the Loops",
}

// warnTicks reports missed ticks or overruns: the numbers since the last look, and what to do.
func (l *look) warnTicks(log *slog.Logger, cause int, sum uint64) {
	now := &l.seen.ticks
	ticks := now.ticks - l.ticks.ticks
	phase, over := now.overruns(&l.ticks)
	if cause == causeMissed {
		remedy := "see the phases in Ticker.Stats: what takes longer than a period keeps ticks from their time"
		if over > 0 {
			remedy = tickRemedies[phase]
		}
		log.Warn("ringwire: ticks were missed", "missed", sum, "ticks", ticks, "remedy", remedy)
		return
	}
	log.Warn("ringwire: a phase of ticks takes longer than its budget", "phase", phase.String(), "times", now.over[phase]-l.ticks.over[phase],
		"overruns", sum, "ticks", ticks, "remedy", tickRemedies[phase])
}
