//go:build linux

package main

import "time"

// pacer says when requests are to be sent: at fixed times from a start, whatever became of the ones before. A
// server that stalls does not slow it down, and what the stall delayed is late from the time meant for it.
// Times are of the load's own clock.
type pacer struct {
	start    time.Duration
	rate     float64 // requests per second
	requests int64   // scheduled so far
}

// next is the time meant for the next request.
func (p *pacer) next() time.Duration {
	return p.start + time.Duration(float64(p.requests)/p.rate*float64(time.Second))
}

// take schedules n requests for the time that next said, and leaves the times of n to them.
func (p *pacer) take(n int) { p.requests += int64(n) }

// lowerPace is a pace that a machine should hold which was asked for pace and answered rate; 0 if it is not worth
// trying any more.
func lowerPace(pace, rate float64) float64 {
	const share, least = 0.7, 200
	if lower := min(rate, pace) * share; lower >= least {
		return lower
	}
	return 0
}

// holds reports whether a rate is within one percent of the pace.
func holds(pace, rate float64) bool { return rate >= 0.99*pace && rate <= 1.01*pace }
