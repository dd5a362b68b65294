//go:build linux

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/histogram"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// listening reads a feed on every connection. It counts deliveries, how old they are, how far apart the first and the
// last of a tick, and what is missing. Its time starts and ends between two ticks, if there is a moment between them:
// then a server has worked for exactly what was counted.
type listening struct {
	*sockets
	warmup, duration time.Duration
	last             []uint64 // number of the last frame, by connection; 0: none yet
	newest           uint64
	arrived          int // of the newest: at how many
	counting         bool
	count            int64
	age              *histogram.Histogram
	base             uint64 // number of ticks[0]
	ticks            []tick
}

// tick is what is known of one number.
type tick struct {
	first, last time.Time
	arrived     int
}

func newFeed(s *settings) *listening {
	l := &listening{warmup: s.warmup, duration: s.duration, last: make([]uint64, s.conns), age: new(histogram.Histogram)}
	l.sockets = newSockets(s, websock.FeedPath, l)
	return l
}

func (l *listening) run(in io.Reader, out io.Writer) error {
	defer l.close()
	if err := l.dial(); err != nil {
		return err
	}
	if err := l.spin(time.Now().Add(l.warmup), l.between); err != nil {
		return err
	}
	l.counting, l.base, l.result.Bytes = true, l.newest+1, 0
	if err := loadresult.PrintStarted(out); err != nil {
		return err
	}
	start := time.Now()
	if err := l.spin(start.Add(l.duration), l.between); err != nil {
		return err
	}
	l.result.Requests, l.result.Seconds = l.count, time.Since(start).Seconds()
	l.workOut()
	return l.hold(in, out)
}

// between reports whether the newest tick has come everywhere.
func (l *listening) between() bool { return l.newest > 0 && l.arrived == l.conns }

func (l *listening) frame(i int, first byte, p []byte, now time.Time) error {
	seq, at, ok := feed.Parse(p)
	if !ok || first != websock.Fin|websock.Binary || seq == 0 {
		return fmt.Errorf("a frame of %d bytes with first byte %#x is none of the feed", len(p), first)
	}
	if last := l.last[i]; last != 0 && seq != last+1 {
		l.fault(fmt.Errorf("number %d after %d", seq, last))
	}
	l.last[i] = seq
	switch {
	case seq > l.newest:
		l.newest, l.arrived = seq, 1
	case seq == l.newest:
		l.arrived++
	}
	if !l.counting {
		return nil
	}
	l.count++
	l.age.Record(time.Duration(now.UnixNano() - at))
	if seq >= l.base { // else a straggler from before
		l.note(seq-l.base, now)
	}
	return nil
}

func (l *listening) note(i uint64, now time.Time) {
	const longest = 1 << 20 // ticks: a number beyond is nonsense, and was counted as a gap
	if i >= longest {
		return
	}
	for uint64(len(l.ticks)) <= i {
		l.ticks = append(l.ticks, tick{})
	}
	t := &l.ticks[i]
	if t.arrived++; t.arrived == 1 {
		t.first = now
	}
	t.last = now
}

// workOut makes percentiles. A tick that did not come everywhere has no spread.
func (l *listening) workOut() {
	r := &l.result
	r.P50, r.P99, r.P999 = l.age.Percentile(50), l.age.Percentile(99), l.age.Percentile(99.9)
	spread := new(histogram.Histogram)
	for i := range l.ticks {
		if t := &l.ticks[i]; t.arrived == l.conns {
			spread.Record(t.last.Sub(t.first))
		}
	}
	r.Ticks, r.Spread50, r.Spread99 = spread.Count(), spread.Percentile(50), spread.Percentile(99)
}
