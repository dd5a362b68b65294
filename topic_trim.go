package ringwire

import (
	"sync/atomic"
	"time"
)

// topicIdle is how long nothing must have been published before memory is given back, as long as a loop waits
// (see conn).
const topicIdle = 5 * time.Second

// topicTrim decides when a topicMemory gives back what it does not use. No loop does that for it: a timer runs
// while something is published, or out.
type topicTrim struct {
	every time.Duration
	timer *time.Timer
	on    atomic.Bool   // the timer runs
	made  atomic.Uint64 // messages
	seen  uint64        // of them, when the timer was set; the timer's
}

// used notes that a message is made.
func (t *topicMemory) used() {
	t.trim.made.Add(1)
	t.watch()
}

func (t *topicMemory) watch() {
	if !t.trim.on.Load() && t.trim.on.CompareAndSwap(false, true) {
		t.trim.timer.Reset(t.trim.every)
	}
}

// lookIdle is called by the timer.
func (t *topicMemory) lookIdle() {
	w := &t.trim
	made := w.made.Load()
	if made != w.seen {
		w.seen = made
		w.timer.Reset(w.every)
		return
	}
	leased := t.alloc.Stats().Leased // before: what comes home meanwhile is for the next look
	t.alloc.Trim()
	if leased > 0 { // somebody is slow
		w.timer.Reset(w.every)
		return
	}
	if w.on.Store(false); w.made.Load() != made {
		t.watch()
	}
}
