//go:build linux

package main

import "time"

// node is 64 bytes, most of them pointers: what a collection has to follow.
type node struct {
	next [7]*node
	id   int
}

// newHeap makes a heap of nodes that refer to each other criss-cross.
func newHeap(mib int) []*node {
	all := make([]*node, mib<<20/72) // with the slice's own pointers
	for i := range all {
		all[i] = &node{id: i}
	}
	x := uint32(1)
	for _, n := range all {
		for i := range n.next {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			n.next[i] = all[int(x)%len(all)]
		}
	}
	return all
}

// litter allocates and drops, in small pieces, so that collections take place.
func litter(mibPerSecond int, quit <-chan struct{}) {
	const piece = 1 << 10
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	var last *[piece]byte
	start, made := time.Now(), 0
	for {
		select {
		case <-quit:
			_ = last
			return
		case <-t.C:
		}
		for want := int(time.Since(start).Seconds() * float64(mibPerSecond<<20)); made < want; made += piece {
			last = new([piece]byte)
			last[made%piece] = 1
		}
	}
}
