package mem

import (
	"cmp"
	"slices"
	"unsafe"
)

// Trim gives slabs of which nothing is leased away: to a small reserve of the process, and
// beyond that to the system. It returns their bytes. It looks at every free buffer, so it is
// for a loop that has nothing else to do. A slab with a single lease out stays whole. On the
// loop only, unless Config.Shared.
func (a *Allocator) Trim() (bytes int64) {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	} else {
		a.Collect()
	}
	if len(a.slabs) == 0 {
		return 0
	}
	before := a.mapped
	slices.SortFunc(a.slabs, func(s, t slab) int { return cmp.Compare(s.base(), t.base()) })
	free := make([]int, len(a.slabs))
	for i := range numClasses {
		c := &a.classes[i]
		for nd := c.free; nd != nil; nd = nd.next {
			free[a.slabOf(nd.lease.b)]++
		}
	}
	for i := range numClasses {
		a.classes[i].dropIdle(a, free)
	}
	kept := a.slabs[:0]
	for i, s := range a.slabs {
		if free[i] < 0 {
			a.unmapSlab(s)
		} else {
			kept = append(kept, s)
		}
	}
	clear(a.slabs[len(kept):])
	a.slabs = kept
	return before - a.mapped
}

// base is where the slab's headers lie: the order in which slabOf finds it.
func (s slab) base() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s.headers))) }

// slabOf returns the index of the slab that b was cut from.
func (a *Allocator) slabOf(b *block) int {
	at := uintptr(unsafe.Pointer(b))
	i, exact := slices.BinarySearchFunc(a.slabs, at, func(s slab, at uintptr) int { return cmp.Compare(s.base(), at) })
	if exact {
		return i
	}
	return i - 1
}

// dropIdle takes the blocks of slabs that are wholly free off the free list. It marks
// those slabs with -1 in free.
func (c *class) dropIdle(a *Allocator, free []int) {
	for i, s := range a.slabs {
		if &a.classes[s.class] != c {
			continue
		}
		cut := len(s.headers)
		if c.cutting(s) {
			cut -= len(c.headers)
		}
		if free[i] != cut {
			continue
		}
		if free[i] = -1; c.cutting(s) {
			c.headers, c.memory = nil, nil
		}
		c.total -= cut
		c.freeLen -= cut
	}
	for link := &c.free; *link != nil; {
		if nd := *link; free[a.slabOf(nd.lease.b)] < 0 {
			*link = nd.next
		} else {
			link = &nd.next
		}
	}
}

// cutting reports whether s is the slab that blocks are cut from next.
func (c *class) cutting(s slab) bool {
	return len(c.headers) > 0 && &c.headers[len(c.headers)-1] == &s.headers[len(s.headers)-1]
}
