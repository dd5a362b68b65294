package mem

import (
	"math"
	"runtime/debug"
	"sync"
)

// A process whose data lives outside the Go heap, as a server's buffers here do, has a heap of a few
// MiB. The garbage collector is then due each time that 4 MiB of garbage have been made: with TLS
// handshakes every few milliseconds under load, and each collection takes processors from the loops
// and stops them twice. Ballast is bytes that the collector counts as live, which moves the next
// collection further away. Nobody touches them, so that they are address space and not memory, and
// they hold no pointers, so that nothing is scanned. docs/DECISIONS.md has the figures.

var ballast struct {
	mu    sync.Mutex
	bytes []byte
}

// ballastShare is the part of a memory limit (GOMEMLIMIT) that ballast may have: the limit counts
// its bytes as though they were memory.
const ballastShare = 16

// Ballast makes the process keep at least n bytes of ballast from now on, as long as it lives. It
// returns how many there are, which is less than n under a memory limit below 16·n. Safe from any
// goroutine.
func Ballast(n int) int {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		n = min(n, int(limit/ballastShare))
	}
	ballast.mu.Lock()
	defer ballast.mu.Unlock()
	if n > len(ballast.bytes) {
		ballast.bytes = make([]byte, n)
		sysForget(ballast.bytes) // which were cleared, and so touched, if the heap had been there before
	}
	return len(ballast.bytes)
}
