//go:build memguard || race

package mem

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// guard is true in checking builds: see the package comment.
const guard = true

const (
	freshByte  = 0xA5 // fills a lease before its first use: nobody relies on zeros
	poisonByte = 0xDB // fills released memory that can not be protected

	// Released leases stay inaccessible until so many more were released or
	// so many bytes wait: then the oldest is unmapped.
	quarantineLeases = 1024
	quarantineBytes  = 8 << 20

	leaksListed = 16
)

// stack is where something happened.
type stack struct {
	pcs [24]uintptr
	n   int
}

// note records the caller's stack, from outside this package's bookkeeping.
func (s *stack) note(skip int) { s.n = runtime.Callers(skip+2, s.pcs[:]) }

func (s *stack) String() string {
	if s.n == 0 {
		return "\t(never)\n"
	}
	_, text := frames(s.pcs[:s.n])
	return text
}

// guardBlock is what a header remembers of its one lease.
type guardBlock struct {
	acquired stack
	released stack

	mu     sync.Mutex // owners may be on several goroutines
	given  stack      // where it last became part of a chain
	chains int32      // owners that are chains
}

// guardAllocator lists what is out and what waits.
type guardAllocator struct {
	live         map[*block]struct{}
	waiting      []*block // released and inaccessible, oldest first
	waitingBytes int
	owner        atomic.Int64 // the thread that may use it, 0 = not known
}

// checkAlive panics when b was released, what being the attempted operation.
func (b *block) checkAlive(what string) {
	if atomic.LoadInt32(&b.refs) <= 0 {
		b.report("mem: " + what + " of a released lease")
	}
}

// checkLoop panics when b is its loop's alone, and somebody else tries what.
func (b *block) checkLoop(what string) {
	if b.flags&(flagShared|flagForeign) == 0 && b.owner.foreignHere() {
		b.report("mem: " + what + " of a loop's lease on another thread, without Share")
	}
}

// checkOwner panics when a is used by another thread than its loop's.
func (a *Allocator) checkOwner() {
	if a.foreignHere() {
		panic("mem: a loop's allocator is used on another thread; those of Config.Shared may be")
	}
}

func (a *Allocator) noteOwner(thread int) { a.owner.Store(int64(thread)) }

// foreignHere reports whether another thread than the caller's is known to own a.
func (a *Allocator) foreignHere() bool {
	owner := a.owner.Load()
	return owner != 0 && owner != int64(thread())
}

func (b *block) report(text string) {
	panic(fmt.Sprintf("%s (%d bytes)\nacquired at:\n%sgiven away at:\n%sreleased at:\n%s",
		text, b.size, &b.acquired, &b.given, &b.released))
}

// noteGiven counts one more owner that is a chain.
func (b *block) noteGiven() {
	b.checkAlive("use")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chains++
	b.given.note(2)
}

// noteTaken counts one less.
func (b *block) noteTaken() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chains--
}

// checkOwned panics when all owners are chains: whoever releases then gave his hold away.
func (b *block) checkOwned() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if refs := atomic.LoadInt32(&b.refs); refs > 0 && refs <= b.chains {
		b.report("mem: release of a lease that was given away")
	}
}

// noteForeignHome destroys what a block held, before its loop takes it home.
func (b *block) noteForeignHome() {
	if b.flags&flagMapped != 0 {
		protect(b.memory())
	} else {
		fill(b.memory(), poisonByte)
	}
}

// noteRelease looks at the number of owners that a release has left.
func (b *block) noteRelease(refs int32) {
	if refs < 0 {
		b.report("mem: second release of a lease")
	}
	if refs == 0 {
		b.released.note(3)
	}
}

func (a *Allocator) noteAcquire(b *block) {
	b.acquired.note(3)
	a.noteLive(b)
	fill(b.memory(), freshByte)
}

func (a *Allocator) noteLive(b *block) {
	if a.live == nil {
		a.live = make(map[*block]struct{})
	}
	a.live[b] = struct{}{}
}

// noteLocal is noteAcquire for a header whose memory is another's.
func (a *Allocator) noteLocal(b *block) {
	b.acquired.note(2)
	a.noteLive(b)
}

func (a *Allocator) noteLocalHome(b *block) { delete(a.live, b) }

// noteHome destroys what a block held that will not be protected.
func (a *Allocator) noteHome(b *block) {
	delete(a.live, b)
	if b.flags&flagMapped == 0 {
		fill(b.memory(), poisonByte)
	}
}

// quarantine makes a block's pages inaccessible, and ends the oldest ones'.
func (a *Allocator) quarantine(b *block) {
	protect(b.memory())
	a.waiting = append(a.waiting, b)
	a.waitingBytes += b.size
	for len(a.waiting) > quarantineLeases || a.waitingBytes > quarantineBytes {
		a.endOldest()
	}
}

func (a *Allocator) endOldest() {
	b := a.waiting[0]
	a.waiting[0] = nil
	a.waiting = a.waiting[1:]
	a.waitingBytes -= b.size
	a.unmap(b.memory())
}

func (a *Allocator) drainQuarantine() {
	for len(a.waiting) > 0 {
		a.endOldest()
	}
}

func (a *Allocator) describeLeaks(text *strings.Builder) {
	n := 0
	for b := range a.live {
		if n++; n > leaksListed {
			text.WriteString("\n…")
			return
		}
		fmt.Fprintf(text, "\n%d bytes acquired at:\n%s", b.size, &b.acquired)
	}
}

func fill(p []byte, c byte) {
	if len(p) == 0 {
		return
	}
	p[0] = c
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
}
