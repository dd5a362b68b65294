package mem

import "sync/atomic"

// foreignQueue holds the buffers of an allocator whose last owner was on another
// goroutine, until the allocator's own loop looks. It is a stack without a lock; the
// loop takes all of it at once, so that nothing is ever popped singly.
type foreignQueue struct{ top atomic.Pointer[node] }

func (q *foreignQueue) push(b *block) {
	nd := &b.node // unused: nobody holds a reference
	for {
		old := q.top.Load()
		nd.next = old
		if q.top.CompareAndSwap(old, nd) {
			return
		}
	}
}

// Collect takes home the buffers whose last Release was on another goroutine (see
// Lease.Share). Lease does so, too, when it has nothing better; a loop calls it once per
// turn so that they do not lie about. Without any it costs one atomic load. On the
// loop only.
func (a *Allocator) Collect() {
	if guard {
		a.checkOwner()
	}
	if a.foreign.top.Load() != nil {
		a.collect()
	}
}

func (a *Allocator) collect() {
	for nd := a.foreign.top.Swap(nil); nd != nil; {
		b := nd.lease.b
		nd = nd.next
		b.flags &^= flagForeign
		a.accounts[b.account].foreign++
		a.comeHome(b)
	}
}
