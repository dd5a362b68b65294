//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/histogram"
)

func TestFillWindow(t *testing.T) {
	w := audit.Window{
		Before:   audit.Reading{At: 5 * time.Second, HeapAlloc: 1_000_000},
		Begin:    audit.Reading{At: 10 * time.Second, Mallocs: 5000, TotalAlloc: 9_000_000, HeapAlloc: 2_000_000, NumGC: 4, NumForcedGC: 2},
		End:      audit.Reading{At: 70 * time.Second, Mallocs: 8000, TotalAlloc: 9_600_000, HeapAlloc: 2_060_000, NumGC: 9, NumForcedGC: 3},
		After:    audit.Reading{At: 75 * time.Second, HeapAlloc: 1_700_000},
		Periodic: 1,
		Series:   points(240, func(s float64) float64 { return 2e6 + 1000*s }),
	}
	var f figures
	f.fillWindow(&w, 600_000)
	if f.Seconds != 60 || f.Rate != 10_000 || f.Allocs != 0.005 || f.Bytes != 1 {
		t.Errorf("per request: %+v", f)
	}
	if f.LiveGrowth != 10_000 || f.HeapGrowth != 1000 || f.HeapSlope < 999 || f.HeapSlope > 1001 {
		t.Errorf("growth: %+v", f)
	}
	if f.GCs != 3 || f.OtherGCs != 2 { // five, of which one was forced and one the runtime's
		t.Errorf("%d collections caused, %d others", f.GCs, f.OtherGCs)
	}
	var none figures
	none.fillWindow(&w, 0)
	if none.Rate != 0 || none.Allocs != 0 {
		t.Errorf("without requests: %+v", none)
	}
}

func TestFillLatencyIsMonotonic(t *testing.T) {
	var h histogram.Histogram
	h.Record(100_001 * time.Nanosecond)
	var f figures
	f.fillLatency(&h)
	if f.Max != 100.001 || f.P50 > f.P99 || f.P99 > f.P999 || f.P999 > f.Max || f.P50 < 99 {
		t.Errorf("%+v", f)
	}
}
