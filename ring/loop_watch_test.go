//go:build linux

package ring

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What a poll tells has the receive armed again, once, and only where bytes are still wanted.
func TestWatchFired(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	for name, c := range map[string]struct {
		flags  slotFlags
		cancel bool
	}{
		"receiving":     {used | watched | wanted | armed, true},
		"paused":        {used | watched, false},
		"ended already": {used | watched | wanted | over, false},
		"no buffers":    {used | watched | wanted | starved, false},
		"being halted":  {used | watched | wanted | armed | halted, false},
	} {
		l, err := NewLoop(LoopConfig{WatchEnds: true})
		if err != nil {
			t.Fatal(err)
		}
		id := l.newSlot(-1)
		s := &l.slots[id]
		s.flags, s.inflight = c.flags, 1
		before := l.ring.Unsubmitted()
		l.watchFired(id, s.gen&genMask, &CQE{Res: unix.POLLRDHUP})
		if got := l.ring.Unsubmitted() > before; got != c.cancel || s.flags&watched != 0 || s.flags&seen == 0 || s.inflight != 0 {
			t.Errorf("%s: cancelled %v, want %v; flags %#x, %d in flight", name, got, c.cancel, s.flags, s.inflight)
		}
		before = l.ring.Unsubmitted()
		if l.armWatch(id); l.ring.Unsubmitted() != before {
			t.Errorf("%s: the poll was started again", name)
		}
		l.release()
	}
}
