package conn

import (
	"runtime/debug"
	"sync/atomic"
	"time"
)

// trimIdle is how long a loop must have had no traffic before it gives memory back.
const trimIdle = 5 * time.Second

// trimmer decides when a loop gives back the memory that it does not use: once after each
// time of traffic, so that a loop without any sleeps on.
type trimmer struct {
	at   int64  // when to look, loop time, 0 = never
	seen uint64 // the traffic when at was set
	done uint64 // the traffic when memory was last given back

	shaken uint64 // the handshakes then
}

// manyHandshakes leave so much garbage behind, some 100 KiB each, that a process should not keep
// their memory until Go's next collection, which, without traffic, comes in two minutes.
const manyHandshakes = 1000

// collect returns garbage to the system, in a goroutine of its own. A variable for tests.
var collect = func() {
	if collecting.CompareAndSwap(false, true) {
		go func() {
			debug.FreeOSMemory()
			collecting.Store(false)
		}()
	}
}

var collecting atomic.Bool // loops tend to get idle together

// traffic is anything that makes a loop use memory.
func (l *Loop) traffic() uint64 {
	return l.stats.ReceivedBytes + l.stats.SentBytes + l.stats.Accepted + l.stats.Adopted
}

// trimWhenIdle is called in each turn and returns when it wants to be called again, 0 = not.
func (l *Loop) trimWhenIdle() int64 {
	t := &l.trim
	if l.now < t.at {
		return t.at
	}
	traffic := l.traffic()
	switch {
	case t.at == 0 && traffic == t.done:
	case t.at == 0, traffic != t.seen:
		t.at, t.seen = l.now+int64(trimIdle), traffic
	default:
		l.cfg.Alloc.Trim()
		if n := l.stats.Handshakes + l.stats.HandshakeErrors; n-t.shaken >= manyHandshakes {
			t.shaken = n
			collect()
		}
		t.at, t.done = 0, traffic
	}
	return t.at
}

// earlier returns the earlier of two deadlines, 0 meaning none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
