package mem

// Lease is one owner's hold on a buffer. It is a small value; copying it does
// not make another owner (Clone does). The zero Lease holds nothing: only Valid
// may be called on it.
type Lease struct{ b *block }

// Valid reports whether l was ever given a buffer: false for the zero Lease.
// It does not tell whether the lease was released since.
func (l Lease) Valid() bool { return l.b != nil }

// Bytes returns the whole buffer, len = cap = Cap. It lives until the last
// owner's Release. What its owner did not write may be bytes of an earlier
// owner: never pass them on.
func (l Lease) Bytes() []byte {
	if guard {
		l.b.checkAlive("use")
	}
	return l.b.memory()
}

// Cap returns the buffer's size in bytes.
func (l Lease) Cap() int {
	if guard {
		l.b.checkAlive("use")
	}
	return l.b.size
}

// Clone adds an owner: the buffer goes home when each of them has released.
// All owners see the same bytes, so none may write where another reads.
func (l Lease) Clone() Lease {
	if guard {
		l.b.checkAlive("clone")
		l.b.checkLoop("clone")
	}
	l.b.addRef(1)
	return l
}

// Release ends the caller's ownership. Exactly once per owner: checking builds
// panic on a second release, and on one by somebody who gave the lease away; without
// them it is undefined and, when the buffer has found a new owner in between, takes it
// away from that one.
func (l Lease) Release() {
	if guard {
		l.b.checkOwned()
	}
	l.release()
}

// release is Release for whoever is known to be an owner.
func (l Lease) release() {
	b := l.b
	if guard || b.flags != 0 {
		b.releaseSlow()
		return
	}
	b.refs--
	if b.refs == 0 {
		if b.account != 0 {
			b.forget()
		}
		b.owner.classes[b.class].push(b)
	}
}

// releaseSlow is release for everything but a loop's own slab blocks.
func (b *block) releaseSlow() {
	if guard {
		b.checkLoop("release")
	}
	refs := b.addRef(-1)
	if guard {
		b.noteRelease(refs)
	}
	switch {
	case refs != 0:
	case b.flags&flagForeign != 0:
		if guard {
			b.noteForeignHome()
		}
		b.owner.foreign.push(b)
	case b.flags&flagLocal != 0:
		b.owner.endLocal(b)
	default:
		b.owner.comeHome(b)
	}
}

// Share lets any goroutine clone, read and release l from now on, as for a frame that
// several loops send. The buffer still belongs to its allocator, to which the last
// Release sends it through a queue: see Allocator.Collect. l keeps its owners; the
// result is l, for chaining. It costs an atomic operation for each Clone and Release.
//
// It is called where l was leased, before others get to know l.
func (l Lease) Share() Lease {
	if guard {
		l.b.checkAlive("share")
		l.b.checkLoop("share")
	}
	if l.b.flags&flagShared == 0 { // else any goroutine may already
		l.b.flags |= flagForeign
	}
	return l
}
