//go:build linux

package main

import (
	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/histogram"
)

// figures are what one server did in its window. Growth is in bytes per second.
type figures struct {
	Seconds  float64 `json:"seconds"`
	Pace     float64 `json:"pace"`     // requests per second asked for
	Rate     float64 `json:"rate"`     // answered
	Requests int64   `json:"requests"` // answered within the window
	Errors   int64   `json:"errors"`   // from the first connection to the last answer
	Error    string  `json:"error,omitempty"`
	Late     int64   `json:"late"` // still waiting some seconds after the end

	Allocs     float64 `json:"allocs"` // objects per request
	Bytes      float64 `json:"bytes"`  // allocated per request
	LiveGrowth float64 `json:"liveGrowth"`
	HeapGrowth float64 `json:"heapGrowth"`
	HeapSlope  float64 `json:"heapSlope"`
	GCs        int     `json:"gcs"`       // that the server caused
	OtherGCs   int     `json:"otherGCs"`  // forced, or the runtime's periodic ones
	RSSGrowth  float64 `json:"rssGrowth"` // with what is not on Go's heap
	RSS        int64   `json:"rss"`       // at the end

	// Latency from the time meant for a request to its last byte, in microseconds.
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`

	Cost audit.Cost `json:"cost"` // of the audit itself; nothing was subtracted
}

// fillWindow works out what the counters of the server's process say.
//
// Three figures for the heap, because each is blind in one eye. LiveGrowth compares two heaps after a collection each: what
// stayed, whatever the collector did between; but what was thrown away does not show. HeapGrowth compares the exact readings at
// the ends of the window: everything that was allocated, as long as nothing was collected; with collections it depends
// on where in their cycle the ends fall. HeapSlope fits all samples, and tells a step (one object, once) from a slope; but samples
// see small objects a span at a time. The bars hold the first two.
func (f *figures) fillWindow(w *audit.Window, requests int64) {
	f.Seconds = w.Seconds()
	f.Requests = requests
	f.Rate = float64(requests) / f.Seconds
	if requests > 0 {
		f.Allocs = float64(w.End.Mallocs-w.Begin.Mallocs) / float64(requests)
		f.Bytes = float64(w.End.TotalAlloc-w.Begin.TotalAlloc) / float64(requests)
	}
	f.LiveGrowth = perSecond(w.Before.HeapAlloc, w.After.HeapAlloc, w.After.At-w.Before.At)
	f.HeapGrowth = perSecond(w.Begin.HeapAlloc, w.End.HeapAlloc, w.End.At-w.Begin.At)
	f.HeapSlope = slope(w.Series)
	f.OtherGCs = int(w.End.NumForcedGC-w.Begin.NumForcedGC) + w.Periodic
	f.GCs = int(w.End.NumGC-w.Begin.NumGC) - f.OtherGCs
}

func (f *figures) fillLatency(h *histogram.Histogram) {
	f.P50, f.P99, f.P999, f.Max = h.Percentile(50), h.Percentile(99), h.Percentile(99.9), h.Max()
	f.P999 = min(f.P999, f.Max) // a bucket's upper end may lie above the largest record
	f.P99, f.P50 = min(f.P99, f.Max), min(f.P50, f.Max)
}
