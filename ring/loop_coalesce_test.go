//go:build linux

package ring

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// workload feeds epochs to a coalescing: how many completions come in one at each step, how often the loop sleeps, and for
// how much of the time. It returns how many of the epochs were at each step.
func (c *coalescing) workload(now *int64, epochs int, come [coalesceTop + 1]uint32, sleeps uint32, asleep float64) (at [coalesceTop + 1]int) {
	for range epochs {
		*now += int64(coalesceSettle)
		c.came, c.sleeps, c.slept = 1e6, 0, 0 // it does not count
		c.next(*now, 0)
		*now += int64(coalesceEpoch - coalesceSettle)
		at[c.step]++
		c.came = come[c.step]
		c.sleeps = sleeps - 1
		c.slept = int64(asleep * float64(coalesceEpoch-coalesceSettle))
		c.next(*now, 0)
	}
	return at
}

func TestCoalesceJudges(t *testing.T) {
	for _, tc := range []struct {
		name   string
		come   [coalesceTop + 1]uint32
		sleeps uint32
		asleep float64
		step   int // where most epochs are,
		least  int // of 10000,
		tries  int // and at the next step so many at most
	}{
		{"nothing is lost by it", [...]uint32{1000, 1000, 1000}, 20, 0.5, 2, 9400, 0},
		{"more comes with it", [...]uint32{1000, 1200, 1300}, 20, 0.5, 2, 9400, 0},
		{"hardly less comes", [...]uint32{1000, 970, 960}, 20, 0.5, 2, 9400, 0},
		{"less comes with much of it", [...]uint32{1000, 1000, 940}, 20, 0.5, 1, 9300, 300},
		{"less comes", [...]uint32{1000, 940, 1000}, 20, 0.5, 0, 9800, 110},
		{"who could ask waits for an answer", [...]uint32{1000, 500, 400}, 20, 0.5, 0, 9800, 110},
		{"few at a time", [...]uint32{1000, 1000, 1000}, 1000/coalesceFrom + 1, 0.5, 0, 10_000, 0},
		{"just enough at a time", [...]uint32{1600, 1600, 1600}, 1600 / coalesceFrom, 0.5, 2, 9400, 0},
		{"nothing to do", [...]uint32{0, 0, 0}, 1, 0.5, 0, 10_000, 0},
		{"little to do", [...]uint32{1000, 1000, 1000}, 20, 0.76, 0, 10_000, 0},
		{"just enough to do", [...]uint32{1000, 1000, 1000}, 20, 0.74, 2, 9400, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCoalescing(coalesceFor)
			now := int64(time.Hour)
			c.since = now
			at := c.workload(&now, 10_000, tc.come, tc.sleeps, tc.asleep)
			if at[tc.step] < tc.least || tc.step < coalesceTop && at[tc.step+1] > tc.tries {
				t.Errorf("epochs at each step: %v, want %d at %d, and %d at the next", at, tc.least, tc.step, tc.tries)
			}
		})
	}
}

// What was right at one time is found to be wrong later, within so many epochs, and the other way round.
func TestCoalesceThinksAgain(t *testing.T) {
	right, wrong, half := [...]uint32{1000, 1000, 1000}, [...]uint32{1000, 500, 500}, [...]uint32{1000, 1000, 500}
	c := newCoalescing(coalesceFor)
	now := int64(time.Hour)
	c.since = now
	for _, tc := range []struct {
		come   [coalesceTop + 1]uint32
		within int
		step   int
	}{
		{right, 20, 2}, {half, coalesceStay + 4, 1}, {wrong, coalesceStay + 4, 0}, {right, coalesceLate + 4, 2},
		{wrong, coalesceStay + 4, 0}, {half, coalesceLate + 4, 1}, {right, coalesceStay + 4, 2},
	} {
		c.workload(&now, tc.within, tc.come, 20, 0.5)
		if at := c.workload(&now, 100, tc.come, 20, 0.5); at[tc.step] < 90 {
			t.Errorf("of %v come the epochs at each step are %v, want step %d", tc.come, at, tc.step)
		}
		c.workload(&now, 1000, tc.come, 20, 0.5)
	}
	// Without it the loop sleeps more often, and with it longer: it is still the same load.
	for range 100 {
		sleeps, asleep := uint32(20), 0.85
		if c.step == 0 {
			sleeps, asleep = 1000/coalesceFrom+1, 0.5
		}
		c.workload(&now, 1, right, sleeps, asleep)
	}
	if at := c.workload(&now, 10, right, 20, 0.5); at[0] > 1 {
		t.Errorf("epochs at each step after shorter sleeps without: %v", at)
	}
	// The load ends.
	now += int64(time.Second)
	if n, most := c.next(now, 0); n != 1 || most != 0 {
		t.Errorf("after a long sleep it waits for %d completions, %v", n, most)
	}
	if at := c.workload(&now, 1000, [...]uint32{10, 10, 10}, 10, 0.5); at[0] != 1000 {
		t.Errorf("epochs at each step without load: %v", at)
	}
}

// A deadline is not put at risk, and who asked for none gets none.
func TestCoalesceDeadline(t *testing.T) {
	const now = int64(time.Hour)
	for _, tc := range []struct {
		most     time.Duration
		step     int
		deadline int64 // from now, 0 = none
		n        uint32
		wait     time.Duration
	}{
		{coalesceFor, 2, 0, 2 * coalesceMany, coalesceFor},
		{coalesceFor, 1, 0, coalesceMany, coalesceFor / 2},
		{coalesceFor, 0, 0, 1, 0},
		{time.Microsecond, 1, 0, coalesceMany, time.Microsecond},
		{coalesceFor, 2, int64(coalesceMargin), 2 * coalesceMany, coalesceFor},
		{coalesceFor, 2, int64(coalesceMargin) - 1, 1, 0},
		{coalesceFor, 1, int64(coalesceMargin) - 1, 1, 0},
		{coalesceFor, 2, -1, 1, 0},
		{2 * coalesceMargin, 2, int64(4 * coalesceMargin), 2 * coalesceMany, 2 * coalesceMargin},
		{2 * coalesceMargin, 2, int64(4*coalesceMargin) - 1, 1, 0},
		{2 * coalesceMargin, 1, int64(2 * coalesceMargin), coalesceMany, coalesceMargin},
		{0, 0, 0, 1, 0},
	} {
		c := coalescing{most: tc.most, step: tc.step, since: now}
		deadline := int64(0)
		if tc.deadline != 0 {
			deadline = now + tc.deadline
		}
		if n, wait := c.next(now, deadline); n != tc.n || wait != tc.wait {
			t.Errorf("step %d of %v, deadline in %v: %d completions, %v; want %d, %v",
				tc.step, tc.most, time.Duration(tc.deadline), n, wait, tc.n, tc.wait)
		}
	}
}

// A wait takes as long as it may for fewer, ends with many, and before its deadline with none at all.
func TestCoalesceSleep(t *testing.T) {
	l := ownLoop(t)
	if l.coalesce.most == 0 {
		t.Skip(SelfTest().Coalesce)
	}
	const most, long = 30 * time.Millisecond, time.Minute
	for _, tc := range []struct {
		name     string
		most     time.Duration
		nops     uint64
		deadline time.Duration // 0 = none
		least    time.Duration
	}{
		{"fewer", most, 3, 0, most},
		{"fewer, with a deadline", most, 3, time.Minute, most},
		{"fewer, with a deadline that is near", long, 3, long, 0},
		{"many", long, coalesceTop * coalesceMany, 0, 0},
		{"none", most, 0, 3 * most, 3 * most},
	} {
		l.coalesce = coalescing{most: tc.most, step: coalesceTop}
		l.now = l.Clock()
		l.coalesce.since = l.now
		var deadline int64
		if tc.deadline > 0 {
			deadline = l.now + int64(tc.deadline)
		}
		nops(t, l.ring, tc.nops, 0)
		start := time.Now()
		if err := l.sleep(deadline); err != nil && !transient(err) {
			t.Fatal(err)
		}
		took := time.Since(start)
		if n := l.ring.Ready(); n != uint32(tc.nops) || took < tc.least || took > tc.least+10*time.Second {
			t.Errorf("%s: %d completions after %v, want %d after %v", tc.name, n, took, tc.nops, tc.least)
		}
		l.ring.Advance(l.ring.Ready())
	}
}

func TestCoalesceConfig(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	for most, want := range map[time.Duration]time.Duration{0: coalesceFor, -1: 0, 1: time.Microsecond, time.Millisecond: time.Millisecond,
		1 << 32 * time.Microsecond: time.Minute} {
		if SelfTest().Coalesce != nil {
			want = 0
		}
		l, err := NewLoop(LoopConfig{Coalesce: most})
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Stats().Coalesce; got != want {
			t.Errorf("%v: it waits for %v, want %v", most, got, want)
		}
		l.release()
	}
}

// Nobody's bytes suffer from coalescing, whatever the load; where it is forbidden there is none.
func TestCoalesceKeepsBytes(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	if err := SelfTest().Coalesce; err != nil {
		t.Skip(err)
	}
	for _, most := range []time.Duration{0, 1, -1} {
		l, addr := listening(t, LoopConfig{Coalesce: most})
		l.coalesce.step, l.coalesce.since = coalesceTop, int64(time.Hour) // and stays on
		done := make(chan error, 1)
		go func() { done <- l.Run(&echoing{sink: sink{l: l}, out: map[uint32][][]byte{}}) }()
		stop := time.Now().Add(time.Second)
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() { pingPong(t, addr, byte(i), stop) })
		}
		wg.Wait()
		l.Stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if n := l.stats.Coalesced; (n > 0) != (most >= 0) {
			t.Errorf("%v: coalesced %d times in %d turns", most, n, l.stats.Turns)
		}
	}
}

// echoing sends back what comes.
type echoing struct {
	sink
	out map[uint32][][]byte
}

func (e *echoing) Received(id uint32, p []byte) {
	e.out[id] = [][]byte{bytes.Clone(p)} // nothing is in flight: the client waits for an answer
	e.l.Send(id, e.out[id])
}

// pingPong sends messages of its own until then and expects each back.
func pingPong(t *testing.T, addr string, own byte, until time.Time) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	out, in := bytes.Repeat([]byte{own}, 100), make([]byte, 100)
	for time.Now().Before(until) {
		if _, err := c.Write(out); err != nil {
			t.Error(err)
			return
		}
		if _, err := io.ReadFull(c, in); err != nil || !bytes.Equal(in, out) {
			t.Errorf("got % x, %v; want % x", in[:8], err, out[:8])
			return
		}
	}
}
