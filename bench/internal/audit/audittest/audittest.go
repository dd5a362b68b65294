// Package audittest allocates, to see whether an audit notices.
package audittest

import "sync"

type block = [1024]byte

var (
	mu   sync.Mutex
	kept []*block
)

// Last is what Drop allocated last: the compiler cannot know that nobody looks at it.
var Last *block

// Keep allocates n objects of 1 KiB and never lets go of them.
//
//go:noinline
func Keep(n int) {
	mu.Lock()
	defer mu.Unlock()
	for range n {
		kept = append(kept, new(block))
	}
}

// Drop allocates n objects of 1 KiB and forgets them.
//
//go:noinline
func Drop(n int) {
	mu.Lock()
	defer mu.Unlock()
	for range n {
		Last = new(block)
	}
}
