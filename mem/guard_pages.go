//go:build (memguard || race) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package mem

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// protect makes the pages of a released mapping fault on any access. If the
// system refuses (too many mappings), the memory is destroyed instead.
func protect(p []byte) {
	pages := unsafe.Slice(unsafe.SliceData(p), mappedSize(len(p)))
	if unix.Mprotect(pages, unix.PROT_NONE) != nil {
		fill(p, poisonByte)
	}
}
