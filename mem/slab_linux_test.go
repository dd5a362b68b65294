package mem

import (
	"encoding/binary"
	"math"
	"os"
	"testing"
)

// resident counts the pages of p that have memory, from proc(5)'s pagemap.
func resident(t *testing.T, p []byte) int {
	t.Helper()
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	entries := make([]byte, 8*mappedSize(len(p))/int64(pageSize))
	if _, err := f.ReadAt(entries, int64(address(p))/int64(pageSize)*8); err != nil {
		t.Skip(err)
	}
	n := 0
	for ; len(entries) > 0; entries = entries[8:] {
		if binary.NativeEndian.Uint64(entries)>>63 != 0 { // page present
			n++
		}
	}
	return n
}

// Memory grows with use, not with what was mapped for it.
func TestSlabsAreNotTouchedBeforeUse(t *testing.T) {
	if guard {
		t.Skip("checking builds have no slabs")
	}
	if os.Getenv("RINGWIRE_TEST_EMULATOR") != "" {
		t.Skip("the pagemap is of the emulator's system, in its byte order")
	}
	ReleaseReserve() // whose slabs were in use
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	for class, size := range classSize {
		l := a.Lease(size)
		slab := a.slabs[class]
		if n := resident(t, slab.memory); n != 0 {
			t.Errorf("class of %d B: %d pages are in memory before any use", size, n)
		}
		l.Bytes()[0] = 1
		l.Release()
		for range 100 {
			l := a.Lease(size)
			l.Bytes()[0] = 1
			l.Release()
		}
		if n := resident(t, slab.memory); n != 1 {
			t.Errorf("class of %d B: %d pages are in memory after using one", size, n)
		}
	}
}

// What the system refuses is told apart from what the limit does.
func TestRefusedIsCounted(t *testing.T) {
	a := NewAllocator(Config{Limit: -1})
	defer closeAll(t, a)
	if p := a.mapWithin(math.MaxInt&^0xfff, false); p != nil {
		t.Fatal("the system has mapped all there is")
	}
	if s := a.Stats(); s.Refused != 1 || s.Mapped != 0 {
		t.Errorf("%+v", s)
	}
	b := NewAllocator(Config{Limit: 1})
	defer closeAll(t, b)
	b.Lease(100).Release()
	if s := b.Stats(); s.Refused != 0 || s.Misses != 1 {
		t.Errorf("%+v", s)
	}
}
