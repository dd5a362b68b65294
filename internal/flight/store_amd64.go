//go:build !race

package flight

import (
	"sync/atomic"
	"unsafe"
)

// store is a store that releases: who sees it sees what was stored before. Every ordinary store of
// this processor does (Intel SDM volume 3, "Memory Ordering": a store is not reordered with older
// loads or stores), and the compiler keeps the order of stores.
func store(p *atomic.Uint64, v uint64) { *(*uint64)(unsafe.Pointer(p)) = v }
