//go:build linux

package main

import (
	"fmt"

	"github.com/ringwire/ringwire/bench/internal/figure"
)

// A bar is something that ringwire promises: a figure stays below a limit.
type bar struct {
	what   string
	figure func(*figures) float64
	limit  func(*figures) float64
	format func(float64) string
	heap   bool // broken by something that was allocated: a profile tells by whom
}

const (
	maxAllocs = 0.01 // per request
	maxGrowth = 1000 // bytes per second

	// shortWindow is the least time that growth is judged over, in seconds, and fewRequests the least number that
	// objects are spread over. One object of the runtime's own, a thread's or a timer heap's, has some kilobytes:
	// nothing in a minute, but more than the bar in three seconds.
	shortWindow = 20
	fewRequests = 10_000
)

var bars = []bar{
	{"allocations per request", func(f *figures) float64 { return f.Allocs }, allocsLimit, rational, true},
	{"growth of the live heap", func(f *figures) float64 { return f.LiveGrowth }, growthLimit, growthText, true},
	{"growth of the heap, garbage included", func(f *figures) float64 { return f.HeapGrowth }, growthLimit, growthText, true},
	{"collections caused", func(f *figures) float64 { return float64(f.GCs) }, constant(1), whole, true},
	{"errors", func(f *figures) float64 { return float64(f.Errors) }, constant(1), whole, false},
}

func constant(v float64) func(*figures) float64 { return func(*figures) float64 { return v } }

func allocsLimit(f *figures) float64 {
	return maxAllocs * max(1, fewRequests/max(1, float64(f.Requests)))
}

func growthLimit(f *figures) float64 {
	if f.Seconds <= 0 {
		return maxGrowth
	}
	return maxGrowth * max(1, shortWindow/f.Seconds)
}

// verdict is what the bars say about one server.
type verdict struct {
	Outcome outcome  `json:"outcome"`
	Reasons []string `json:"reasons,omitempty"`
	heap    bool     // a bar is broken that a profile explains
}

type outcome string

const (
	holding      outcome = "holds"        // every bar, at the pace
	broken       outcome = "FAILS"        // a bar is broken
	inconclusive outcome = "inconclusive" // no bar is broken, but the machine did not hold the pace
	unjudged     outcome = "–"
)

// judge holds the bars against the figures. What is broken is broken at any pace; what holds proves nothing unless
// the pace was held.
func judge(f *figures) verdict {
	v := verdict{Outcome: holding}
	for i := range bars {
		b := &bars[i]
		if got, limit := b.figure(f), b.limit(f); got >= limit {
			v.Outcome = broken
			v.heap = v.heap || b.heap
			v.Reasons = append(v.Reasons, fmt.Sprintf("%s: %s, the bar is < %s", b.what, b.format(got), b.format(limit)))
		}
	}
	if f.Errors > 0 && f.Error != "" {
		v.Reasons = append(v.Reasons, "the first error: "+f.Error)
	}
	if f.Requests == 0 {
		v.Outcome = broken
		v.Reasons = append(v.Reasons, "no request was answered in the window")
	}
	if v.Outcome == holding {
		v.doubt(f)
	}
	return v
}

// doubt makes a verdict inconclusive if the pace was not held.
func (v *verdict) doubt(f *figures) {
	if !holds(f.Pace, f.Rate) {
		v.Outcome = inconclusive
		v.Reasons = append(v.Reasons, fmt.Sprintf("%s requests/s at a pace of %s: the machine is too slow, or too busy, for this pace",
			figure.Thousands(f.Rate), figure.Thousands(f.Pace)))
	}
	if f.Late > 0 {
		v.Outcome = inconclusive
		v.Reasons = append(v.Reasons, fmt.Sprintf("%d requests were still waiting when the load ended", f.Late))
	}
}

// The exit statuses.
const (
	statusHolds        = 0
	statusBroken       = 1
	statusUsage        = 2
	statusInconclusive = 3
)

// status is that of the whole run: broken if anything is, else inconclusive if anything is. Servers that are not
// judged have no part in it.
func status(results []result) int {
	s := statusHolds
	for i := range results {
		switch results[i].Verdict.Outcome {
		case broken:
			return statusBroken
		case inconclusive:
			s = statusInconclusive
		}
	}
	return s
}
