package mem

import "sync"

// slabReserve keeps slabs that one allocator has trimmed for the next that wants one, so
// that loops whose load moves among them do not take turns at mapping and faulting in. Only
// slabs of the default size are kept: nearly all are.
type slabReserve struct {
	mu    sync.Mutex
	slabs [][]byte
}

// reserve is the process's.
var reserve slabReserve

// reserveMax is how many slabs it keeps: what two loops have that use every class whose slabs
// can be kept, 8 MiB.
const reserveMax = 2 * fullClasses

func (r *slabReserve) take(size int) []byte {
	if size != defaultSlabSize {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.slabs)
	if n == 0 {
		return nil
	}
	p := r.slabs[n-1]
	r.slabs[n-1] = nil
	r.slabs = r.slabs[:n-1]
	return p
}

// put reports whether p was kept.
func (r *slabReserve) put(p []byte) bool {
	if len(p) != defaultSlabSize {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.slabs) >= reserveMax {
		return false
	}
	r.slabs = append(r.slabs, p)
	return true
}

// ReleaseReserve gives the slabs that no allocator uses, at most 8 MiB, back to the system.
// They are kept for the next allocator otherwise.
func ReleaseReserve() {
	reserve.mu.Lock()
	defer reserve.mu.Unlock()
	for _, p := range reserve.slabs {
		_ = Unmap(p)
	}
	reserve.slabs = nil
}
