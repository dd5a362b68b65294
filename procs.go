package ringwire

import (
	"os"
	"runtime"
	"sync"
)

// A loop on io_uring keeps a thread, and with it one of the GOMAXPROCS places in which Go code
// runs, also while it waits: the scheduler's monitor takes the place away and gives it back, at the
// price of some thousand wakings a second when there is no other. So a process whose loops would
// take all places gets one more: the monitor sleeps, and the application's goroutines, timers and
// garbage collection never wait for a loop. docs/DECISIONS.md has the figures.

// places counts the loops of all servers of the process that run on io_uring.
var places struct {
	mu     sync.Mutex
	loops  int
	before int // GOMAXPROCS, when it was raised; 0: it was not
}

// takePlaces makes room for n loops, and for the rest of the process.
func takePlaces(n int) {
	places.mu.Lock()
	defer places.mu.Unlock()
	places.loops += n
	have := runtime.GOMAXPROCS(0)
	if places.before == 0 && places.loops >= have {
		places.before = have
		runtime.GOMAXPROCS(have + 1)
	}
}

// leavePlaces undoes it when the last loop has gone, unless somebody else has changed GOMAXPROCS
// meanwhile.
func leavePlaces(n int) {
	places.mu.Lock()
	defer places.mu.Unlock()
	places.loops -= n
	before := places.before
	if places.loops > 0 || before == 0 {
		return
	}
	places.before = 0
	switch {
	case runtime.GOMAXPROCS(0) != before+1:
	case os.Getenv("GOMAXPROCS") == "" && before == runtime.NumCPU():
		runtime.SetDefaultGOMAXPROCS() // which follows the container's limit
	default:
		runtime.GOMAXPROCS(before)
	}
}

// heldPlaces is the number of places that this server's loops keep.
func (s *Server) heldPlaces() int {
	if s.KeepProcs || s.driver.Name != DriverURing {
		return 0
	}
	return len(s.services)
}
