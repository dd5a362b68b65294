package conn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogramQuantilesAreClose(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	values := make([]time.Duration, 0, 50_000)
	var sum time.Duration
	for range cap(values) {
		d := time.Duration(math.Exp(rnd.Float64() * 24)) // 1 ns … 26 s
		values = append(values, d)
		sum += d
		h.Record(d)
	}
	slices.Sort(values)
	for _, q := range []float64{0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := values[int(math.Ceil(float64(len(values))*q))-1]
		if got := h.Quantile(q); got < want || got > want+max(want/16, 64) {
			t.Errorf("quantile %v: %v, want %v or up to a sixteenth more", q, got, want)
		}
	}
	if h.Count() != 50_000 || h.Max() != values[len(values)-1] || h.Mean() != sum/50_000 {
		t.Errorf("%d records, at most %v, %v on average", h.Count(), h.Max(), h.Mean())
	}
}

// Every duration is in the one bucket that spans it, and buckets follow each other without a gap.
func TestHistogramBuckets(t *testing.T) {
	for i := range buckets - 1 {
		if up := upperOf(i); bucketOf(up) != i || bucketOf(up+1) != i+1 {
			t.Fatalf("bucket %d ends with %v, which is in %d, and the next is in %d", i, up, bucketOf(up), bucketOf(up+1))
		}
	}
	if up := upperOf(buckets - 2); up < 60*time.Second {
		t.Errorf("the last bucket begins at %v, want a minute at least", up)
	}
}

func TestHistogramExtremes(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 || h.Max() != 0 {
		t.Error("an empty one has values")
	}
	h.Record(-time.Second)
	h.Record(math.MaxInt64)
	if got := h.Quantile(0.5); got > 64 {
		t.Errorf("the median is %v, want the smaller record", got)
	}
	for _, q := range []float64{1, 2, math.Inf(1)} {
		if got := h.Quantile(q); got != math.MaxInt64 {
			t.Errorf("quantile %v is %v, want the larger record", q, got)
		}
	}
	if got := h.Quantile(-1); got > 64 {
		t.Errorf("quantile -1 is %v", got)
	}
}

func TestHistogramAdd(t *testing.T) {
	var a, b, both Histogram
	for i := range 1000 {
		d := time.Duration(i*i) * time.Microsecond
		if both.Record(d); i%3 == 0 {
			a.Record(d)
		} else {
			b.Record(d)
		}
	}
	a.Add(&b)
	if a != both {
		t.Error("the sum of two is not what one would have counted")
	}
}

func TestHistogramAllocs(t *testing.T) {
	var h Histogram
	d := time.Duration(1)
	if n := testing.AllocsPerRun(1000, func() {
		h.Record(d)
		d = d*3/2%time.Minute + 1
		_ = h.Quantile(0.99)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
