package mem

import (
	"sync/atomic"
	"unsafe"
)

// node is one link of a chain: of Segments while its block is leased, of a
// free list while it is not. It shows the bytes [off, end) of its lease.
type node struct {
	next  *node
	lease Lease
	off   int
	end   int
}

// block is the permanent header of one buffer, on the Go heap and one cache
// line long. It carries the node that its first owner needs to link the buffer
// into Segments, so that linking takes no memory; only a buffer that is shared
// needs further nodes, from its allocator's pool.
type block struct {
	node
	data  unsafe.Pointer // off-heap, or a heap allocation kept alive by this
	size  int
	owner *Allocator
	refs  int32
	class uint8
	flags uint8 // 0 on the fast path: a slab block of a loop's own allocator

	account uint8 // what it was leased for: an index of owner.accounts

	guardBlock // what checking builds remember; else empty
}

const (
	flagShared  = 1 << iota // atomics and the owner's lock
	flagHeap                // not from a slab: left to the garbage collector
	flagMapped              // a mapping of its own
	flagSampled             // the sampler remembers it
	flagForeign             // Share was called: atomics, and home by way of the owner's queue
	flagLocal               // Localize made it: its memory is another block's
)

func (b *block) setMemory(p []byte) {
	b.data, b.size = unsafe.Pointer(unsafe.SliceData(p)), len(p)
}

func (b *block) memory() []byte { return unsafe.Slice((*byte)(b.data), b.size) }

// shared reports whether other goroutines may count references, too. In
// checking builds any may look at the count.
func (b *block) shared() bool { return guard || b.flags&(flagShared|flagForeign) != 0 }

// sole reports whether the caller, an owner, is the only one. Then the block's
// own node is unused: whoever uses it holds a reference, too.
func (b *block) sole() bool {
	if guard {
		b.checkAlive("use")
	}
	if b.shared() {
		return atomic.LoadInt32(&b.refs) == 1 && b.flags&flagLocal == 0
	}
	return b.refs == 1 && b.flags&flagLocal == 0 // what is another's has owners there
}

// addRef adds d references and returns their new number.
func (b *block) addRef(d int32) int32 {
	if b.shared() {
		return atomic.AddInt32(&b.refs, d)
	}
	b.refs += d
	return b.refs
}

// spareNode is a node beside its block's own, for buffers that are in several chains.
type spareNode struct {
	node
	home *Allocator // where it returns to
}

// newNode gives a lease, whose owner the caller is, the node to link it by.
//
// A spare node comes from the allocator of its lease and goes back there: wherever a
// chain has wandered, each piece returns to the place it came from. Only when that is
// another loop's, as it may be for a lease that was shared, do we use our own.
func (s *Segments) newNode(l Lease, off, end int) *node {
	nd := &l.b.node
	if !l.b.sole() {
		home := l.b.owner
		if l.b.flags&flagForeign != 0 {
			home = s.from.a
		}
		nd = home.takeNode()
	}
	nd.next, nd.lease, nd.off, nd.end = nil, l, off, end
	if guard {
		l.b.noteGiven()
	}
	return nd
}

// release gives the node and its lease back.
func (nd *node) release() {
	l := nd.lease
	if nd != &l.b.node {
		sp := (*spareNode)(unsafe.Pointer(nd)) // every node but a block's own lies in one
		sp.home.putNode(sp)
	}
	if guard {
		l.b.noteTaken()
	}
	l.release()
}

// view returns the node's bytes, with no capacity beyond them.
func (nd *node) view() []byte {
	if guard {
		nd.lease.b.checkAlive("use")
	}
	return unsafe.Slice((*byte)(unsafe.Add(nd.lease.b.data, nd.off)), nd.end-nd.off)
}

// room returns the lease's bytes behind the node's, len 0.
func (nd *node) room() []byte {
	if guard {
		nd.lease.b.checkAlive("use")
	}
	b := nd.lease.b
	return unsafe.Slice((*byte)(unsafe.Add(b.data, nd.end)), b.size-nd.end)[:0]
}
