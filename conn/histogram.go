package conn

import (
	"math"
	"math/bits"
	"time"
)

// A histogram's unit is 64 ns. Below 16 of them each has a bucket of its own; above, each power of
// two has 16, up to 2^36 ns, a good minute.
const (
	unitShift = 6
	subBits   = 4
	topBit    = 36 - unitShift
	buckets   = (topBit - subBits + 1) << subBits
)

// Histogram counts durations in buckets whose width grows with the value, so that a quantile is
// at most 6.25 % above the truth, or 64 ns where that is more. It has a fixed size, 3.4 KiB, and
// never allocates. The zero value is empty. Not safe for concurrent use.
type Histogram struct {
	counts [buckets]uint64
	n      uint64
	sum    time.Duration
	max    time.Duration
}

// Record counts d; a negative one as 0.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(d)]++
	h.n++
	h.sum += d
	h.max = max(h.max, d)
}

// Add counts what o has counted, too.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
	h.sum += o.sum
	h.max = max(h.max, o.max)
}

// Count is how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.n }

// Max is the longest, exactly; 0 without any.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is the average, exactly; 0 without any.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Quantile is the duration that a share q of the records does not exceed: 0.5 is the median, 0.999
// what one of a thousand exceeds. 0 without any.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(h.n)))
	for i, n := range h.counts {
		if rank <= n && n > 0 {
			return min(upperOf(i), h.max)
		}
		rank -= n
	}
	return h.max
}

func bucketOf(d time.Duration) int {
	v := uint64(d) >> unitShift
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - subBits
	return min((shift+1)<<subBits|int(v>>shift)&(1<<subBits-1), buckets-1)
}

// upperOf is the longest duration of a bucket. The last one's has no bound.
func upperOf(i int) time.Duration {
	switch {
	case i == buckets-1:
		return math.MaxInt64
	case i < 1<<subBits:
		return time.Duration(i+1)<<unitShift - 1
	}
	shift := i>>subBits - 1
	return time.Duration(i&(1<<subBits-1)|1<<subBits+1)<<(shift+unitShift) - 1
}
