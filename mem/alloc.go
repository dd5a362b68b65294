package mem

import "sync"

// Config says how an Allocator gets its memory. The zero value is the default.
type Config struct {
	// Heap is the rollback switch: every lease is a fresh heap allocation,
	// nothing is pooled, everything else works the same.
	Heap bool
	// Shared lets any goroutine lease, clone and release, guarded by a mutex.
	// It is meant for worker goroutines; a loop has an allocator of its own.
	Shared bool
	// SlabSize is the most bytes mapped at a time; 0 is 1 MiB. A size class whose
	// blocks are larger maps one block at a time.
	SlabSize int
	// Limit bounds the bytes mapped. 0 is 1 GiB, or 256 MiB where an int has
	// 32 bits; negative is none. Beyond it leases come from the Go heap, one by
	// one, and are counted as Stats misses: a lease never fails, so whoever
	// must bound memory bounds what he leases.
	Limit int64
	// HugePages backs slabs by huge pages where the system has transparent ones:
	// fewer TLB misses for a process that uses much, 2 MiB for its first byte. Slabs are
	// at least as large then.
	HugePages bool
	// Lock keeps slabs in memory (mlock(2)), so that no request waits for a page. What the
	// system refuses (RLIMIT_MEMLOCK) stays unlocked, and is counted. Locked slabs are
	// resident from the start.
	Lock bool
	// SampleEvery remembers when and where every so-manieth lease was acquired, while it is
	// out: see Suspects. It takes the fast path away from all leases, and costs a
	// microsecond for those remembered; 1000 is unnoticeable. 0 or less is none.
	SampleEvery int
}

func (c Config) withDefaults() Config {
	if c.SlabSize <= 0 {
		c.SlabSize = defaultSlabSize
	}
	c.SampleEvery = max(0, c.SampleEvery)
	if c.HugePages {
		c.SlabSize = (c.SlabSize + hugePage - 1) &^ (hugePage - 1)
	}
	if c.Limit == 0 {
		c.Limit = defaultLimit
	}
	return c
}

// plain reports whether slabs are like everybody's, so that they can change hands.
func (c Config) plain() bool { return !c.HugePages && !c.Lock }

// Allocator leases buffers by size class: 512 B, 2, 4, 16, 64 and 256 KiB.
// A larger lease gets a mapping of its own. It belongs to one loop and is not
// safe for concurrent use unless Config.Shared.
//
// Slabs are mapped when a class runs dry and touched only by use, so an unused
// allocator costs address space but no memory. They stay mapped until Trim finds
// nothing of them leased, or Close.
type Allocator struct {
	fastMax uint // largest request for Lease's fast path; 0 = none
	classes [numClasses + 1]class

	cfg            Config
	headers        *node // of blocks that had a mapping of their own
	spare          *node // nodes for leases linked into more than one chain
	locals         localPool
	slabs          []slab
	accounts       []*Account // by id; the first has no name
	samples        sampler
	missed         uint64 // leases from the heap, in all classes
	mapped         int64  // bytes in slabs and own mappings
	locked         int64  // of those, kept in memory
	lockRefused    uint64 // slabs that could not be
	refused        uint64 // mappings that the system refused
	closed         bool
	guardAllocator // what checking builds remember; else empty

	foreign foreignQueue // for any goroutine

	mu sync.Mutex // guards all of the above when cfg.Shared
}

// NewAllocator returns an allocator that holds no memory yet.
func NewAllocator(c Config) *Allocator {
	a := &Allocator{cfg: c.withDefaults()}
	a.accounts = []*Account{{a: a}}
	a.samples.every = uint64(a.cfg.SampleEvery)
	if !c.Heap && !c.Shared && !guard && a.samples.every == 0 {
		a.fastMax = maxClass
	}
	return a
}

// Pooling reports whether leases are reused: it is off with Config.Heap.
func (a *Allocator) Pooling() bool { return !a.cfg.Heap }

// Lease returns a buffer of at least n bytes, whose one owner is the caller;
// n = 0 gives the smallest. It never fails: when the limit is reached or the system
// refuses, the buffer comes from the Go heap and is counted as a miss. It
// panics when n is negative.
func (a *Allocator) Lease(n int) Lease {
	if uint(n-1) < a.fastMax {
		c := &a.classes[classOf(n)]
		if nd := c.free; nd != nil {
			c.free = nd.next
			c.freeLen--
			nd.lease.b.refs = 1
			return nd.lease
		}
	}
	return a.leaseSlow(n)
}

func (a *Allocator) leaseSlow(n int) Lease {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	} else {
		a.Collect()
	}
	return a.leaseLocked(n)
}

// leaseLocked is leaseSlow for the holder of mu.
func (a *Allocator) leaseLocked(n int) Lease {
	if n < 0 {
		panic("mem: Lease of a negative size")
	}
	class, size := largeClass, n
	if n <= maxClass {
		class = classOf(max(n, 1))
		size = classSize[class]
	}
	b := a.newBlock(class, size)
	b.class, b.owner, b.lease, b.refs = uint8(class), a, Lease{b}, 1
	if a.cfg.Shared {
		b.flags |= flagShared
	}
	if a.samples.every != 0 {
		a.samples.note(b)
	}
	if guard {
		a.noteAcquire(b)
	}
	a.classes[class].noteHigh()
	return b.lease
}

// newBlock chooses where a lease comes from.
func (a *Allocator) newBlock(class, size int) *block {
	switch {
	case a.cfg.Heap:
		return a.heapBlock(class, size)
	case guard || class == largeClass:
		// In checking builds each lease has pages, and a header, of its own.
		if b := a.mappedBlock(class, size); b != nil {
			return b
		}
	default:
		if b := a.slabBlock(class, size); b != nil {
			return b
		}
	}
	a.classes[class].misses++
	a.missed++
	return a.heapBlock(class, size)
}

func (a *Allocator) heapBlock(class, size int) *block {
	b := &block{flags: flagHeap}
	b.setMemory(make([]byte, size))
	a.classes[class].out++
	return b
}

// comeHome takes back a block that has no owner any more.
func (a *Allocator) comeHome(b *block) {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	}
	c := &a.classes[b.class]
	if b.account != 0 {
		b.forget()
	}
	if b.flags&flagSampled != 0 {
		a.samples.forget(b)
	}
	if guard {
		a.noteHome(b)
	}
	switch {
	case b.flags&flagMapped != 0:
		c.out--
		a.unmapBlock(b)
	case b.flags&flagHeap != 0:
		c.out--
	default:
		c.push(b)
	}
}

// takeNode returns a spare node of this allocator.
func (a *Allocator) takeNode() *node {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	}
	nd := a.spare
	if nd == nil {
		return &(&spareNode{home: a}).node
	}
	a.spare = nd.next
	return nd
}

func (a *Allocator) putNode(sp *spareNode) {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	}
	sp.node = node{next: a.spare}
	a.spare = &sp.node
}
