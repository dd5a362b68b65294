package mem

import (
	"fmt"
	"sync"
)

// PoolConfig says what a Pool keeps.
type PoolConfig[T any] struct {
	// Name stands in reports, as in "request state".
	Name string
	// New makes an object when there is none to reuse; nil is new(T).
	New func() *T
	// Reset makes an object as good as new, with nothing of its last user reachable
	// through it. It runs in Put, and is mandatory: what a pool does not forget, the next
	// user may read.
	Reset func(*T)
	// Max bounds the objects that wait for reuse; what comes home beyond is left to the
	// garbage collector. 0 is 1024, negative is none.
	Max int
	// Shared lets any goroutine get and put. Otherwise the pool is one loop's.
	Shared bool
	// Heap is the rollback switch: nothing is kept, every object is a fresh one.
	Heap bool
}

const defaultPoolMax = 1024

// Pool keeps objects of the program's own for reuse: bounded, reset and counted. What an
// application may hold on to does not belong in one.
//
// In checking builds an object is used once: Put makes its numbers nonsense and its
// pointers nil, a second Put panics with the stacks of Get and of the first one, and a write
// after Put is found, and reported likewise, when the object's time to wait is over.
type Pool[T any] struct {
	cfg  PoolConfig[T]
	mu   sync.Mutex // guards all of the below when cfg.Shared
	free []*T       // the one put last is reused first; behind its end lie some that are out
	made uint64     // by New
	gone uint64     // left to the garbage collector; what was made and is neither here nor gone is out
	high int        // most out at once
	guardPool[T]
}

// PoolStats is a pool's account at one moment, in objects.
type PoolStats struct {
	Name      string `json:"name"`       // PoolConfig.Name
	Out       int    `json:"out"`        // got and not put
	Free      int    `json:"free"`       // waiting for reuse
	HighWater int    `json:"high_water"` // most out at once
	Made      uint64 `json:"made"`       // by New: the misses
	Dropped   uint64 `json:"dropped"`    // put beyond Max, or waiting when the pool was closed; not counted where nothing is kept
}

// add sums what two pools of one name have seen.
func (s *PoolStats) add(t *PoolStats) {
	s.Out += t.Out
	s.Free += t.Free
	s.HighWater += t.HighWater
	s.Made += t.Made
	s.Dropped += t.Dropped
}

// NewPool returns an empty pool. It panics when c has no Reset.
func NewPool[T any](c PoolConfig[T]) *Pool[T] {
	if c.Reset == nil {
		panic("mem: NewPool: " + c.Name + ": Reset is mandatory")
	}
	if c.New == nil {
		c.New = func() *T { return new(T) }
	}
	switch {
	case c.Heap || guard: // a checking build reuses nothing: a stale pointer stays stale
		c.Max = 0
	case c.Max == 0:
		c.Max = defaultPoolMax
	case c.Max < 0:
		c.Max = int(^uint(0) >> 1)
	}
	return &Pool[T]{cfg: c}
}

// Get returns an object that is the caller's until Put.
func (p *Pool[T]) Get() *T {
	if p.cfg.Shared { // without defer, which the loop's way would pay for, too
		return p.getShared()
	}
	return p.get()
}

func (p *Pool[T]) getShared() *T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.get()
}

func (p *Pool[T]) get() *T {
	if n := len(p.free); n > 0 {
		x := p.free[n-1]
		p.free = p.free[:n-1]
		return x
	}
	return p.make()
}

// make is get when there is nothing to reuse: only then can more be out than ever.
func (p *Pool[T]) make() *T {
	p.made++
	p.high = max(p.high, p.out())
	x := p.cfg.New()
	if guard {
		p.noteGet(x)
	}
	return x
}

func (p *Pool[T]) out() int { return int(p.made-p.gone) - len(p.free) }

// Put resets x and takes it back. Exactly once per Get.
func (p *Pool[T]) Put(x *T) {
	if p.cfg.Shared {
		p.putShared(x)
		return
	}
	p.put(x)
}

func (p *Pool[T]) putShared(x *T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(x)
}

func (p *Pool[T]) put(x *T) {
	if guard {
		p.checkOut(x)
	}
	p.cfg.Reset(x)
	if guard {
		p.notePut(x)
	}
	if len(p.free) >= p.cfg.Max {
		p.gone++
		return
	}
	p.free = append(p.free, x)
}

// Stats returns the account.
func (p *Pool[T]) Stats() PoolStats {
	if p.cfg.Shared {
		p.mu.Lock()
		defer p.mu.Unlock()
	}
	s := PoolStats{Name: p.cfg.Name, Out: p.out(), Free: len(p.free), HighWater: p.high, Made: p.made}
	if p.cfg.Max > 0 {
		s.Dropped = p.gone
	}
	return s
}

// Close lets go of what waits, and fails when objects are still out; checking builds say
// where they were got. The pool stays usable.
func (p *Pool[T]) Close() error {
	if p.cfg.Shared {
		p.mu.Lock()
		defer p.mu.Unlock()
	}
	p.gone += uint64(len(p.free))
	p.free = nil
	if guard {
		p.drain()
	}
	if p.out() == 0 {
		return nil
	}
	return fmt.Errorf("mem: close: %d of pool %q were not put back%s", p.out(), p.cfg.Name, p.describeOut())
}
