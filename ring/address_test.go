//go:build linux

package ring

import (
	"testing"
	"unsafe"
)

//go:noinline
func growStack(n int) byte {
	var frame [1024]byte
	if n > 0 {
		frame[n%len(frame)] = growStack(n - 1)
	}
	return frame[0]
}

// A local whose address an entry carries must not move when the stack does.
// The goroutine is new, so its stack is small and will be copied.
func TestLocalsEscape(t *testing.T) {
	done := make(chan bool)
	go func() {
		var e SQE
		ts := KernelTimespec{Sec: 1}
		e.PrepareTimeout(&ts, 0, 0)
		fds := []int32{1, 2, 3}
		addr := sliceAddr(fds)
		var value [8]byte
		name := [2]byte{'a'}
		var x SQE
		x.PrepareFgetxattr(0, &name[0], unsafe.Pointer(&value), 8)
		growStack(256)
		done <- e.Addr == uint64(uintptr(unsafe.Pointer(&ts))) && addr == uint64(uintptr(unsafe.Pointer(&fds[0]))) &&
			x.Off == uint64(uintptr(unsafe.Pointer(&value))) && x.Addr == uint64(uintptr(unsafe.Pointer(&name)))
	}()
	if !<-done {
		t.Error("an address in an entry went stale: a local did not escape")
	}
}

func TestSliceAddr(t *testing.T) {
	if got := sliceAddr[int32](nil); got != 0 {
		t.Errorf("a nil slice is at %#x", got)
	}
	s := make([]int32, 3)
	if got := sliceAddr(s); got != uint64(uintptr(unsafe.Pointer(&s[0]))) {
		t.Errorf("got %#x", got)
	}
}
