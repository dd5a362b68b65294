package mem

// slabHeaders bounds the blocks of one slab, and so the headers (64 B each)
// that are made at once: small classes map less than Config.SlabSize.
const slabHeaders = 256

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
	n := min(max(a.cfg.SlabSize/size, 1), slabHeaders)
	p := a.mapWithin(n * size)
	if p == nil {
		return nil
	}
	a.slabs = append(a.slabs, p)
	c.headers, c.memory = make([]block, n), p
	return c.cut(size)
}

// mappedBlock returns a block with a mapping of its own; nil when it may or
// can not be had.
func (a *Allocator) mappedBlock(class, size int) *block {
	p := a.mapWithin(size)
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

// mapWithin maps size bytes if limit and system allow it, or returns nil.
func (a *Allocator) mapWithin(size int) []byte {
	if a.closed || a.cfg.Limit > 0 && a.mapped > a.cfg.Limit-mappedSize(size) {
		return nil
	}
	p, err := Map(size, false)
	if err != nil {
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
