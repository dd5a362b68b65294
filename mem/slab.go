package mem

// slab is a mapping that was cut into blocks of one class, or will be.
type slab struct {
	memory  []byte
	headers []block
	class   uint8
	locked  bool // kept in memory
}

// slabBlock returns a free block of a class, mapping a new slab when it has
// none; nil when it may or can not.
func (a *Allocator) slabBlock(class, size int) *block {
	c := &a.classes[class]
	if b := c.pop(); b != nil {
		return b
	}
	if b := c.cut(size); b != nil {
		return b
	}
	n := slabBlocks(a.cfg.SlabSize, size)
	p := a.mapSlab(n * size)
	if p == nil {
		return nil
	}
	s := slab{memory: p, headers: make([]block, n), class: uint8(class)}
	if a.cfg.Lock {
		s.locked = a.lock(p)
	}
	a.slabs = append(a.slabs, s)
	c.headers, c.memory = s.headers, p
	return c.cut(size)
}

// mapSlab takes a slab's memory from the reserve or from the system.
func (a *Allocator) mapSlab(size int) []byte {
	if a.cfg.plain() && a.mayMap(size) {
		if p := reserve.take(size); p != nil {
			a.mapped += mappedSize(size)
			return p
		}
	}
	return a.mapWithin(size, a.cfg.HugePages)
}

// unmapSlab gives a slab's memory to the reserve or to the system.
func (a *Allocator) unmapSlab(s slab) {
	if a.cfg.plain() && reserve.put(s.memory) {
		a.mapped -= mappedSize(len(s.memory))
		return
	}
	if s.locked {
		a.locked -= mappedSize(len(s.memory)) // unmapping ends the lock, too
	}
	a.unmap(s.memory)
}

// lock keeps a slab in memory if the system lets us.
func (a *Allocator) lock(p []byte) bool {
	if sysLock(p) != nil {
		a.lockRefused++
		return false
	}
	a.locked += mappedSize(len(p))
	return true
}

// mappedBlock returns a block with a mapping of its own; nil when it may or
// can not be had.
func (a *Allocator) mappedBlock(class, size int) *block {
	p := a.mapWithin(size, false)
	if p == nil {
		return nil
	}
	b := a.takeHeader()
	b.flags = flagMapped
	b.setMemory(p[:size:size])
	a.classes[class].out++
	return b
}

// unmapBlock ends a block that has a mapping of its own.
func (a *Allocator) unmapBlock(b *block) {
	if guard {
		a.quarantine(b)
		return
	}
	a.unmap(b.memory())
	b.setMemory(nil)
	b.next, a.headers = a.headers, &b.node
}

// takeHeader returns a header without memory. In checking builds a header
// serves one lease only, so that a stale lease always finds its own end.
func (a *Allocator) takeHeader() *block {
	nd := a.headers
	if nd == nil {
		return new(block)
	}
	a.headers = nd.next
	return nd.lease.b
}

// mayMap reports whether the limit allows size bytes more.
func (a *Allocator) mayMap(size int) bool {
	return !a.closed && (a.cfg.Limit <= 0 || a.mapped <= a.cfg.Limit-mappedSize(size))
}

// mapWithin maps size bytes if limit and system allow it, or returns nil.
func (a *Allocator) mapWithin(size int, huge bool) []byte {
	if !a.mayMap(size) {
		return nil
	}
	p, err := Map(size, huge)
	if err != nil {
		a.refused++
		return nil // the caller counts the miss
	}
	a.mapped += mappedSize(size)
	return p
}

func (a *Allocator) unmap(p []byte) {
	a.mapped -= mappedSize(len(p))
	// Unmap fails only for what is no mapping; then there is nothing to free.
	_ = Unmap(p)
}
