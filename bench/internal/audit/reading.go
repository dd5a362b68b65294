package audit

import (
	"runtime"
	"time"
)

// Reading is where the counters of the process stood. It is exact: it stops the world, so it is taken at the
// ends of a window, never within.
type Reading struct {
	At          time.Duration // since the program started; the clock of Point.At
	Mallocs     uint64        // objects allocated so far
	TotalAlloc  uint64        // and their bytes
	HeapAlloc   uint64        // bytes of objects that are live or not collected yet
	HeapObjects uint64
	HeapSys     uint64 // address space of the heap
	Stacks      uint64 // bytes of goroutines' stacks, which are not in HeapAlloc
	NumGC       uint32
	NumForcedGC uint32 // those that the program asked for, the audit included
	Goroutines  int
}

var started = time.Now()

// read does not allocate.
func (a *auditor) read(r *Reading) {
	runtime.ReadMemStats(&a.stats)
	s := &a.stats
	*r = Reading{At: time.Since(started), Mallocs: s.Mallocs, TotalAlloc: s.TotalAlloc, HeapAlloc: s.HeapAlloc,
		HeapObjects: s.HeapObjects, HeapSys: s.HeapSys, Stacks: s.StackInuse, NumGC: s.NumGC, NumForcedGC: s.NumForcedGC,
		Goroutines: runtime.NumGoroutine()}
}

// collect leaves what is live. Twice, because a sync.Pool keeps its objects through one collection.
func collect() {
	runtime.GC()
	runtime.GC()
}

// forceAfter is how long the runtime goes without a collection before it makes one for no other reason.
const forceAfter = 2 * time.Minute

// periodic counts the collections after number from that the runtime made only because there was none for two
// minutes. The runtime keeps the times of the last 256.
func periodic(s *runtime.MemStats, from uint32) (n int) {
	const kept = uint32(len(s.PauseEnd))
	for i := s.NumGC; i > from && i > 1 && s.NumGC-i < kept-1; i-- {
		if time.Duration(s.PauseEnd[(i+kept-1)%kept]-s.PauseEnd[(i+kept-2)%kept]) >= forceAfter {
			n++
		}
	}
	return n
}
