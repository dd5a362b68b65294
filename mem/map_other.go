//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package mem

import (
	"errors"
	"unsafe"
)

// sysMap returns page-aligned memory of the Go heap. The system commits it by
// the page, as it is touched, here too.
func sysMap(size int, _ bool) ([]byte, error) {
	all := make([]byte, size+pageSize)
	skip := int(-address(all) & uintptr(pageSize-1))
	return all[skip : skip+size], nil
}

// sysUnmap leaves the memory to the garbage collector.
func sysUnmap([]byte) error { return nil }

func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }

func sysLock([]byte) error { return errors.ErrUnsupported }

// sysForget leaves p as it is: it is committed by the page, as it is touched.
func sysForget([]byte) {}
