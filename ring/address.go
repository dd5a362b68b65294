//go:build linux

package ring

import "unsafe"

// An address in an integer is invisible to escape analysis: without help, what
// it names would stay on a goroutine's stack, which moves when it grows. The
// functions here make it escape. That it stays reachable is the caller's part.

// leaked is never written; the compiler does not know.
var leaked struct {
	never bool
	p     unsafe.Pointer
}

// leak makes what p points at a heap object.
func leak(p unsafe.Pointer) unsafe.Pointer {
	if leaked.never {
		leaked.p = p
	}
	return p
}

// heapAddr is p as an address that will not change.
func heapAddr(p unsafe.Pointer) uintptr { return uintptr(leak(p)) }

// addrOf is heapAddr of a typed pointer.
func addrOf[T any](p *T) uintptr { return uintptr(leak(unsafe.Pointer(p))) }

// ptr64 is addrOf as the ABI carries it in structs.
func ptr64[T any](p *T) uint64 { return uint64(addrOf(p)) }

// sliceAddr is the address of a slice's elements, 0 when nil.
func sliceAddr[T any](s []T) uint64 { return ptr64(unsafe.SliceData(s)) }
