package feed

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestStampReadsBack(t *testing.T) {
	at := time.Unix(1234, 5678)
	p := New()
	Stamp(p, 1<<40+7, at)
	if seq, nanos, ok := Parse(p); !ok || seq != 1<<40+7 || nanos != at.UnixNano() {
		t.Errorf("%d, %d, %v", seq, nanos, ok)
	}
	if _, _, ok := Parse(p[:Size-1]); ok {
		t.Error("a short payload is taken")
	}
	for _, i := range []int{head, Size - 1} {
		bad := slices.Clone(p)
		bad[i] ^= 1
		if _, _, ok := Parse(bad); ok {
			t.Errorf("a payload with a wrong byte %d is taken", i)
		}
	}
}

// Numbers are without gaps however long a tick takes, and nothing comes after stop.
func TestEvery(t *testing.T) {
	const n = 8
	var got []uint64
	reached := make(chan struct{})
	start := time.Now()
	stop := Every(200, func(p []byte) {
		seq, at, ok := Parse(p)
		if !ok || time.Since(time.Unix(0, at)) > time.Minute {
			t.Errorf("payload %v of %v", ok, time.Unix(0, at))
		}
		if len(got) == 2 {
			time.Sleep(20 * time.Millisecond) // four ticks
		}
		if got = append(got, seq); len(got) == n {
			close(reached)
		}
	})
	<-reached
	stop()
	stop()
	if took := time.Since(start); took < 35*time.Millisecond {
		t.Errorf("%d ticks in %v", n, took)
	}
	for i, seq := range got {
		if seq != uint64(i+1) {
			t.Fatalf("numbers %v", got)
		}
	}
}

// A random run agrees with a plain set.
func TestHub(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var h Hub[int]
	model := map[int]bool{}
	for range 5000 {
		c := rnd.IntN(40)
		switch {
		case model[c]:
			h.Remove(c)
			delete(model, c)
		case rnd.IntN(2) == 0:
			h.Remove(c)
		default:
			h.Add(c)
			model[c] = true
		}
		seen := map[int]bool{}
		h.Each(func(c int) {
			if seen[c] || !model[c] {
				t.Fatalf("%d is sent to twice, or has left", c)
			}
			seen[c] = true
		})
		if len(seen) != len(model) {
			t.Fatalf("%d are sent to, want %d", len(seen), len(model))
		}
	}
	h.Add(99)
	h.Each(func(c int) { h.Remove(c) }) // one that leaves while it is sent to
	h.Each(func(int) { t.Error("sent to one that has left") })
}
