// Package histogram counts latencies for the load generators.
package histogram

import (
	"math"
	"math/bits"
	"time"
)

// Histogram counts durations in buckets whose width grows with the value: 64 buckets per power of two, so a
// percentile is off by at most 1.6 %. The zero value is empty. Not safe for concurrent use.
type Histogram struct {
	counts [64 * 40]uint32
	n      int64
	max    time.Duration
}

const subBits = 6

// Record counts d; a negative one (a clock that stepped) as 0. It does not allocate.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.n++
	h.max = max(h.max, d)
}

// Count is the number of records.
func (h *Histogram) Count() int64 { return h.n }

// Max is the largest record in microseconds, exactly; 0 without records.
func (h *Histogram) Max() float64 { return float64(h.max) / 1000 }

// bucket is the value itself below 64 ns; above, the exponent and the six bits after the leading one.
func bucket(v uint64) int {
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - subBits
	return min((shift+1)<<subBits|int(v>>shift)&(1<<subBits-1), 64*40-1)
}

// upper is the largest value of a bucket.
func upper(b int) uint64 {
	if b < 1<<subBits {
		return uint64(b)
	}
	shift := b>>subBits - 1
	return (uint64(b&(1<<subBits-1)|1<<subBits)+1)<<shift - 1
}

// Percentile returns the value in microseconds that p percent of the records do not exceed; 0 without records.
func (h *Histogram) Percentile(p float64) float64 {
	rank := int64(math.Ceil(float64(h.n) * p / 100))
	for b, c := range h.counts {
		if rank -= int64(c); rank <= 0 && h.n > 0 {
			return float64(upper(b)) / 1000
		}
	}
	return 0
}
