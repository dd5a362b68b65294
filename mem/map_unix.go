//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package mem

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysMap maps size bytes, a multiple of the page size.
func sysMap(size int, huge bool) ([]byte, error) {
	if huge {
		return sysMapAligned(size)
	}
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(size),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	b := unsafe.Slice((*byte)(p), size)
	adviseHuge(b, false)
	return b, nil
}

// sysMapAligned maps size bytes that start on a huge page, by mapping one huge
// page more and giving back what is over on both sides.
func sysMapAligned(size int) ([]byte, error) {
	all, err := sysMap(size+hugePage, false)
	if err != nil {
		return nil, err
	}
	skip := int(-address(all) & (hugePage - 1))
	for _, rest := range [][]byte{all[:skip], all[skip+size:]} {
		if len(rest) > 0 {
			if err := sysUnmap(rest); err != nil {
				return nil, err
			}
		}
	}
	b := all[skip : skip+size]
	adviseHuge(b, true)
	return b, nil
}

func sysUnmap(p []byte) error {
	return unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(p)), uintptr(mappedSize(len(p))))
}

func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }

func sysLock(p []byte) error { return unix.Mlock(p) }

// sysForget gives the pages of p back without unmapping them. They read as zeros when they are
// touched again, or as what they held: nobody may depend on it.
func sysForget(p []byte) {
	skip := int(-address(p) & uintptr(pageSize-1))
	if whole := (len(p) - skip) &^ (pageSize - 1); whole > 0 {
		_ = unix.Madvise(p[skip:skip+whole], unix.MADV_DONTNEED) // advice only
	}
}
