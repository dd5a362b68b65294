package mem

import "math/bits"

// Size classes. Steps of two to four: a request head or a small response fits
// 512 B to 4 KiB, body pieces 16 KiB to 64 KiB, a flattened body 256 KiB. Memory
// is lost to rounding as address space, not as RSS, above the page size.
const (
	numClasses = 6
	largeClass = numClasses // leases with a mapping of their own
	maxClass   = 256 << 10
)

var classSize = [numClasses]int{512, 2 << 10, 4 << 10, 16 << 10, 64 << 10, maxClass}

// Slabs. What one lease maps when its class is dry, and what all classes of an allocator
// have mapped when each has been used once:
//
//	  512 B    256 blocks   128 KiB    the headers are the bound: 256 × 64 B on the heap
//	  2 KiB    256 blocks   512 KiB    likewise
//	  4 KiB    256 blocks     1 MiB
//	 16 KiB     64 blocks     1 MiB
//	 64 KiB     16 blocks     1 MiB
//	256 KiB      4 blocks     1 MiB
//	                         4 MiB + 640 KiB, and 852 headers of 64 B: 53 KiB of heap
const (
	defaultSlabSize = 1 << 20
	slabHeaders     = 256 // most blocks of a slab, and so the headers made at once
	fullClasses     = 4   // those whose slabs are of the default size: from 4 KiB on
)

// slabBlocks is how many blocks of a size a slab is cut into.
func slabBlocks(slab, size int) int { return min(max(slab/size, 1), slabHeaders) }

// defaultLimit is 1 GiB of one allocator, or 256 MiB where an int has 32 bits: with one for
// each of a few loops that is still within the address space. What it is enough for on a
// loop is worked out in docs/MEMORY.md.
const defaultLimit = 256 << 20 << (2 * (bits.UintSize / 64))

// classByLen maps bits.Len(n-1) to the smallest class that holds n bytes.
var classByLen = [33]uint8{
	10: 1, 11: 1, // 513 … 2048
	12: 2,        // … 4096
	13: 3, 14: 3, // … 16384
	15: 4, 16: 4, // … 65536
	17: 5, 18: 5, // … 262144
}

// classOf returns the class of a request of 1 ≤ n ≤ maxClass bytes.
func classOf(n int) int {
	return int(classByLen[bits.Len32(uint32(n-1))])
}

// class is one size class of an allocator.
type class struct {
	free    *node // LIFO: the block that is warmest in the cache is leased first
	freeLen int   // length of free
	total   int   // blocks cut from slabs so far; leased = total - freeLen

	// The slab being cut. Blocks are cut one by one, so that neither a slab's
	// pages nor its headers are touched before they are needed.
	headers []block
	memory  []byte

	out    int    // leases out that are no slab blocks: heap, own mapping
	high   int    // most leases out at once
	misses uint64 // leases that had to come from the heap
}

func (c *class) leased() int { return c.total - c.freeLen + c.out }

// noteHigh keeps the high-water mark. The fast path need not call it: leases
// out can only reach a new maximum when the free list is empty.
func (c *class) noteHigh() {
	if n := c.leased(); n > c.high {
		c.high = n
	}
}

func (c *class) push(b *block) {
	b.next = c.free
	c.free = &b.node
	c.freeLen++
}

func (c *class) pop() *block {
	nd := c.free
	if nd == nil {
		return nil
	}
	c.free = nd.next
	c.freeLen--
	return nd.lease.b
}

// cut takes the next block of the current slab; nil when there is none.
func (c *class) cut(size int) *block {
	if len(c.headers) == 0 {
		return nil
	}
	b := &c.headers[0]
	b.setMemory(c.memory[:size:size])
	c.headers, c.memory = c.headers[1:], c.memory[size:]
	c.total++
	return b
}
