//go:build linux

package main

import (
	"time"

	"github.com/ringwire/ringwire/conn"

	"github.com/ringwire/ringwire/bench/internal/histogram"
)

// period is the time between two ticks.
const period = 100 * time.Microsecond

// ticker is a driver whose loop has ticks. Its methods are for the loop, but for the histograms, which are read when
// the loop has ended.
type ticker struct {
	conn.Driver
	clients int
	start   time.Time

	due     time.Duration // of the next tick, since start
	behind  time.Duration // by which the driver's time differs from that since start, 0 until it is known
	pending int           // handshakes that the burst still lacks, 0: there is none
	since   time.Duration // when it began

	busy    histogram.Histogram // lateness in a burst
	rest    histogram.Histogram // and between
	through histogram.Histogram // time until a burst is through
}

func newTicker(drv conn.Driver, clients int) *ticker {
	return &ticker{Driver: drv, clients: clients, start: time.Now()}
}

// Run implements conn.Driver.
func (t *ticker) Run(ev conn.Events) error {
	t.due = time.Since(t.start) + period
	return t.Driver.Run(&ticking{ev, t})
}

// settled ends a handshake.
func (t *ticker) settled() {
	if t.pending--; t.pending == 0 {
		t.tick() // those that are due belong to it
		t.through.Record(time.Since(t.start) - t.since)
	}
}

// tick counts what is due.
func (t *ticker) tick() {
	now := time.Since(t.start)
	lateness := &t.rest
	if t.pending > 0 {
		lateness = &t.busy
	}
	for ; t.due <= now; t.due += period {
		lateness.Record(now - t.due)
	}
}

// ticking are a loop's events, with ticks.
type ticking struct {
	conn.Events
	t *ticker
}

// Received notes the first hello of a burst.
func (e *ticking) Received(id uint32, p []byte) {
	if t := e.t; t.pending == 0 && p[0] == typeHandshake {
		t.tick()
		t.pending, t.since = t.clients, time.Since(t.start)
	}
	e.Events.Received(id, p)
}

const typeHandshake = 22 // of a record; what comes later is of type data, or to be ignored

// Turn is called for a tick, too.
func (e *ticking) Turn(now int64) int64 {
	t := e.t
	t.tick()
	if ahead := time.Since(t.start) - time.Duration(now); t.behind == 0 || ahead < t.behind {
		t.behind = ahead // now is when the turn began: the least difference is the truth
	}
	at := e.Events.Turn(now)
	if tick := int64(t.due - t.behind); at == 0 || tick < at {
		at = tick
	}
	return at
}
