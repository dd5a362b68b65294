package mem

import (
	"errors"
	"fmt"
	"math"
	"os"
)

var (
	errMapSize   = errors.New("mem: map: size not positive or too large")
	errNotMapped = errors.New("mem: unmap: not a mapping's first byte")
)

var pageSize = os.Getpagesize()

// hugePage is the size of a transparent huge page on most processors.
const hugePage = 2 << 20

// mappedSize is what a mapping of n bytes takes, in whole pages.
func mappedSize(n int) int64 {
	page := int64(pageSize)
	return (int64(n) + page - 1) &^ (page - 1)
}

// Map returns n > 0 bytes of zeroed, page-aligned memory outside the Go heap,
// len n, for the kernel and the caller to share. Pages cost memory once they are
// touched. With huge the memory is aligned to and backed by huge pages where
// the system has transparent ones, and by ordinary pages elsewhere; without it
// never, so that memory grows by the page.
//
// It lives until Unmap. It fails with the system's error (ENOMEM) wrapped.
// Where there is no mmap the memory comes from the Go heap. See mmap(2),
// madvise(2).
func Map(n int, huge bool) ([]byte, error) {
	if n <= 0 || n > math.MaxInt-hugePage-pageSize {
		return nil, errMapSize
	}
	p, err := sysMap(int(mappedSize(n)), huge)
	if err != nil {
		return nil, fmt.Errorf("mem: map %d bytes: %w", n, err)
	}
	return p[:n:n], nil
}

// Unmap gives back memory got from Map: the same slice, whole. No slice of it
// may be used afterwards. It fails when p does not start on a page.
func Unmap(p []byte) error {
	if len(p) == 0 || address(p)%uintptr(pageSize) != 0 {
		return errNotMapped
	}
	if err := sysUnmap(p); err != nil {
		return fmt.Errorf("mem: unmap %d bytes: %w", len(p), err)
	}
	return nil
}
