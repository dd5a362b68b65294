//go:build linux

package ring

import (
	"runtime"
	"time"
)

// Go's monitor lets a goroutine run for 10 ms after the scheduler has chosen it. Then it asks it to
// stop, wherever that is, takes its place among GOMAXPROCS away whenever it finds it in a system
// call, and looks every 20 µs for a while after that. A loop has its thread for itself and is not
// chosen anew: under a load that leaves it time to wait the monitor was a tenth of the server's CPU
// time. So a busy loop has itself chosen again in time, where it has nothing else to do. Then the
// monitor leaves it alone, and sleeps for 10 ms itself.
//
// Another thread of Go's does the choosing, and now and then gets its processor late. So a loop
// does not do it when a deadline is near: one with ticks of 50 Hz or more never does.
const (
	yieldEvery  = int64(8 * time.Millisecond)
	yieldTurns  = 16 // fewer in that time are no load
	yieldMargin = int64(20 * time.Millisecond)
)

// yielding is when a loop has last let Go's scheduler choose.
type yielding struct {
	at    int64
	turns uint64 // LoopStats.Turns then
}

// due reports whether it is time again, in a turn that began at now.
func (y *yielding) due(now, deadline int64, turns uint64) bool {
	if now-y.at < yieldEvery || deadline != 0 && deadline-now < yieldMargin {
		return false
	}
	busy := turns-y.turns >= yieldTurns
	y.at, y.turns = now, turns
	return busy
}

// yield is called before the loop sleeps. What was prepared goes out first, and what has come
// is not kept waiting.
func (l *Loop) yield(deadline int64) {
	if l.ring.Unsubmitted() > 0 || l.ring.Ready() > 0 || !l.yielded.due(l.now, deadline, l.stats.Turns) {
		return
	}
	l.stats.Yields++
	runtime.Gosched()
}
