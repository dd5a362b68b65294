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

// workload feeds epochs to a coalescing: how many completions come in one without it and with it, and how often the loop
// sleeps. It returns in how many of the epochs it was on.
func (c *coalescing) workload(now *int64, epochs int, without, with, sleeps uint32) (on int) {
	for range epochs {
		*now += int64(coalesceSettle)
		c.came, c.sleeps = 1e6, 0 // it does not count
		c.next(*now, 0)
		*now += int64(coalesceEpoch - coalesceSettle)
		if c.came = without; c.on {
			c.came = with
			on++
		}
		c.sleeps = sleeps - 1
		c.next(*now, 0)
	}
	return on
}

func TestCoalesceJudges(t *testing.T) {
	for _, tc := range []struct {
		name                  string
		without, with, sleeps uint32
		least, most           int // of 10000 epochs
	}{
		{"nothing is lost by it", 1000, 1000, 20, 9600, 9700},
		{"more comes with it", 1000, 1200, 20, 9600, 9700},
		{"hardly less comes", 1000, 960, 20, 9600, 9700},
		{"less comes", 1000, 940, 20, 20, 110},
		{"who could ask waits for an answer", 1000, 500, 20, 20, 110},
		{"few at a time", 1000, 1000, 1000/coalesceFrom + 1, 0, 0},
		{"just enough at a time", 1600, 1600, 100, 9600, 9700},
		{"nothing to do", 0, 0, 1, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := coalescing{most: coalesceFor, left: coalesceSoon, pause: coalesceSoon}
			now := int64(time.Hour)
			c.since = now
			if on := c.workload(&now, 10_000, tc.without, tc.with, tc.sleeps); on < tc.least || on > tc.most {
				t.Errorf("on in %d epochs of 10000, want %d to %d", on, tc.least, tc.most)
			}
		})
	}
}

// What was right at one time is found to be wrong later, within so many epochs, and the other way round.
func TestCoalesceThinksAgain(t *testing.T) {
	c := coalescing{most: coalesceFor, left: coalesceSoon, pause: coalesceSoon}
	now := int64(time.Hour)
	c.since = now
	c.workload(&now, 1000, 1000, 1000, 20)
	c.workload(&now, coalesceStay+4, 1000, 500, 20)
	if on := c.workload(&now, 100, 1000, 500, 20); on > 10 {
		t.Errorf("on in %d epochs of 100 in which it is wrong", on)
	}
	c.workload(&now, 1000, 1000, 500, 20)
	c.workload(&now, coalesceLate+4, 1000, 1000, 20)
	if on := c.workload(&now, 100, 1000, 1000, 20); on < 90 {
		t.Errorf("on in %d epochs of 100 in which it is right", on)
	}
	// The load ends.
	now += int64(time.Second)
	if n, most := c.next(now, 0); n != 1 || most != 0 {
		t.Errorf("after a long sleep it waits for %d completions, %v", n, most)
	}
	if on := c.workload(&now, 1000, 10, 10, 10); on != 0 {
		t.Errorf("on in %d epochs without load", on)
	}
}

// A deadline is not put at risk, and who asked for none gets none.
func TestCoalesceDeadline(t *testing.T) {
	const now = int64(time.Hour)
	for _, tc := range []struct {
		most     time.Duration
		deadline int64 // from now, 0 = none
		n        uint32
	}{
		{coalesceFor, 0, coalesceMost},
		{coalesceFor, int64(coalesceMargin), coalesceMost},
		{coalesceFor, int64(coalesceMargin) - 1, 1},
		{coalesceFor, -1, 1},
		{2 * coalesceMargin, int64(4 * coalesceMargin), coalesceMost},
		{2 * coalesceMargin, int64(4*coalesceMargin) - 1, 1},
		{0, 0, 1},
	} {
		c := coalescing{most: tc.most, on: true, since: now}
		deadline := int64(0)
		if tc.deadline != 0 {
			deadline = now + tc.deadline
		}
		n, most := c.next(now, deadline)
		if n != tc.n || (most == tc.most) != (n > 1 || tc.most == 0) {
			t.Errorf("%v to wait, deadline in %v: %d completions, %v; want %d", tc.most, time.Duration(tc.deadline), n, most, tc.n)
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
		{"many", long, coalesceMost, 0, 0},
		{"none", most, 0, 3 * most, 3 * most},
	} {
		l.coalesce = coalescing{most: tc.most, on: true}
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
		l.coalesce.on, l.coalesce.since = true, int64(time.Hour) // and stays on
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
