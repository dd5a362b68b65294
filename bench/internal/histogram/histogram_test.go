package histogram

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPercentilesAreClose(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	values := make([]float64, 0, 50_000)
	for range cap(values) {
		d := time.Duration(math.Exp(rnd.Float64()*16) * 40) // 40 ns … 350 ms
		values = append(values, float64(d)/1000)
		h.Record(d)
	}
	slices.Sort(values)
	for _, p := range []float64{1, 50, 90, 99, 99.9, 100} {
		want := values[int(math.Ceil(float64(len(values))*p/100))-1]
		if got := h.Percentile(p); got < want*0.999 || got > want*1.017 {
			t.Errorf("p%v: got %v µs, want %v µs within 1.6 %%", p, got, want)
		}
	}
}

func TestBucketsAreMonotonic(t *testing.T) {
	last := -1
	for v := uint64(0); v < 1<<40; v += v/100 + 1 {
		b := bucket(v)
		if b < last {
			t.Fatalf("value %d is in bucket %d, a smaller one was in %d", v, b, last)
		}
		if upper(b) < v || b > 0 && upper(b-1) >= v {
			t.Fatalf("value %d: bucket %d spans (%d, %d]", v, b, upper(b-1), upper(b))
		}
		last = b
	}
}

func TestHistogramExtremes(t *testing.T) {
	var h Histogram
	if got := h.Percentile(50); got != 0 {
		t.Errorf("empty: got %v", got)
	}
	h.Record(-time.Second) // a clock step must not panic
	h.Record(math.MaxInt64)
	if got := h.Percentile(50); got != 0 {
		t.Errorf("p50: got %v, want the smaller record", got)
	}
	if got := h.Percentile(100); got < 1e9 {
		t.Errorf("p100: got %v µs, want the last bucket", got)
	}
	if h.Count() != 2 || h.Max() != float64(math.MaxInt64)/1000 {
		t.Errorf("%d records up to %v µs, want 2, the largest exactly", h.Count(), h.Max())
	}
}
