package mem

import "unsafe"

// localBlock is the header of a lease that Localize has made: the bytes of another's, counted here.
type localBlock struct {
	block
	of Lease
}

// localPool is an allocator's headers for Localize.
type localPool struct {
	free []*localBlock
	out  int
}

// Localize makes a shared lease the loop's own: it takes ownership of l and returns a lease of the same bytes, which
// belongs to a. Its owners are counted without an atomic operation and its chains are made without a lock, so that
// a frame which several loops send to thousands of connections each costs one of both per loop. The last Release of the
// result releases l. It is for reading: nobody else sees that there is one owner here, so Segments.Patch refuses it.
//
// What nobody shares, and in an allocator with Config.Shared, is returned as it is.
func (a *Allocator) Localize(l Lease) Lease {
	if guard {
		l.b.checkAlive("use")
		a.checkOwner()
	}
	if a.cfg.Shared || l.b.flags&(flagShared|flagForeign) == 0 {
		return l
	}
	b := a.takeLocal()
	b.of, b.owner, b.refs, b.flags = l, a, 1, flagLocal
	b.data, b.size = l.b.data, l.b.size
	a.locals.out++
	if guard {
		a.noteLocal(&b.block)
	}
	return Lease{&b.block}
}

// takeLocal returns a header. As others it serves once where uses are checked, or nothing is reused.
func (a *Allocator) takeLocal() *localBlock {
	n := len(a.locals.free)
	if n == 0 {
		return new(localBlock)
	}
	b := a.locals.free[n-1]
	a.locals.free = a.locals.free[:n-1]
	return b
}

// endLocal takes back a header without owners.
func (a *Allocator) endLocal(b *block) {
	lb := (*localBlock)(unsafe.Pointer(b)) // every block with flagLocal lies in one
	a.locals.out--
	if guard {
		a.noteLocalHome(b)
	}
	lb.of.Release()
	if guard || a.cfg.Heap {
		return
	}
	lb.of, lb.data = Lease{}, nil
	a.locals.free = append(a.locals.free, lb)
}
