//go:build linux

package ring

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// iovecOf names off-heap memory of n bytes.
func iovecOf(t *testing.T, n int) ([]byte, []syscall.Iovec) {
	t.Helper()
	mem, err := mapAnon(n, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(mem) })
	iov := syscall.Iovec{Base: &mem[0]}
	iov.SetLen(n)
	return mem, []syscall.Iovec{iov}
}

func TestRegisterBuffers(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	mem, iov := iovecOf(t, 4096)
	tx, rx := pair(t)
	copy(mem, "hello")
	write := func() int32 {
		return run(t, r, func(e *SQE) { e.PrepareWriteFixed(tx, uintptr(sliceAddr(mem)), 5, 0, 0) })
	}
	if err := r.RegisterBuffers(iov); err != nil {
		t.Fatal(err)
	}
	if res := write(); res != 5 {
		t.Errorf("write: %d", res)
	}
	if res := run(t, r, func(e *SQE) { e.PrepareReadFixed(rx, uintptr(sliceAddr(mem))+100, 5, 0, 0) }); res != 5 || string(mem[100:105]) != "hello" {
		t.Errorf("read: %d, %q", res, mem[100:105])
	}
	if err := r.UnregisterBuffers(); err != nil {
		t.Fatal(err)
	}
	if res := write(); res != -int32(unix.EFAULT) {
		t.Errorf("write without the buffer: %d", res)
	}
}

// A tag comes as a completion when its buffer has been replaced.
func TestRegisterBuffersTags(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	if r.Features()&FeatRsrcTags == 0 {
		t.Skip("needs Linux 5.13")
	}
	_, iov := iovecOf(t, 4096)
	if err := r.RegisterBuffersTags(iov, nil); err == nil {
		t.Error("no tags were accepted")
	}
	if err := r.RegisterBuffersTags(iov, []uint64{99}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.RegisterBuffersUpdate(0, iov, []uint64{1, 2}); err == nil {
		t.Error("two tags for one buffer were accepted")
	}
	if n, err := r.RegisterBuffersUpdate(0, iov, nil); n != 1 || err != nil {
		t.Fatalf("update: %d, %v", n, err)
	}
	if c := complete(t, r); c.UserData != 99 {
		t.Errorf("got %+v, want the tag 99", c)
	}
}

func TestRegisterBuffersSparse(t *testing.T) {
	needs(t, CanBufferRing) // 5.19 too
	r := newRing(t, Config{Entries: 4})
	mem, iov := iovecOf(t, 4096)
	tx, _ := pair(t)
	if err := r.RegisterBuffersSparse(4); err != nil {
		t.Fatal(err)
	}
	write := func() int32 {
		return run(t, r, func(e *SQE) { e.PrepareWriteFixed(tx, uintptr(sliceAddr(mem)), 5, 0, 2) })
	}
	if res := write(); res >= 0 {
		t.Errorf("write from an empty slot: %d", res)
	}
	if n, err := r.RegisterBuffersUpdate(2, iov, nil); n != 1 || err != nil {
		t.Fatalf("update: %d, %v", n, err)
	}
	if res := write(); res != 5 {
		t.Errorf("write: %d", res)
	}
}

func TestRegisterFiles(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	tx, rx := pair(t)
	msg := make([]byte, 3)
	send := func(index int) int32 {
		return run(t, r, func(e *SQE) {
			e.PrepareSend(index, uintptr(sliceAddr(msg)), 3, 0)
			e.Flags |= SQEFixedFile
		})
	}
	if err := r.RegisterFiles([]int32{-1, int32(tx)}); err != nil {
		t.Fatal(err)
	}
	if a, b := send(0), send(1); a != -int32(unix.EBADF) || b != 3 {
		t.Errorf("by slots 0 and 1: %d, %d", a, b)
	}
	update := []int32{int32(rx), RegisterFilesSkip}
	if Probe().Kernel.Less(Version{5, 12}) {
		update[1] = int32(tx) // knows no skipping
	}
	if n, err := r.RegisterFilesUpdate(0, update); n != 2 || err != nil {
		t.Fatalf("update: %d, %v", n, err)
	}
	if a, b := send(0), send(1); a != 3 || b != 3 {
		t.Errorf("after the update: %d, %d", a, b)
	}
	if err := r.UnregisterFiles(); err != nil {
		t.Fatal(err)
	}
	if res := send(1); res != -int32(unix.EBADF) {
		t.Errorf("without the table: %d", res)
	}
}

func TestRegisterFilesSparse(t *testing.T) {
	needs(t, CanSyncCancel) // 6.0 too, as the range
	r := newRing(t, Config{Entries: 4})
	if err := r.RegisterFilesSparse(8); err != nil {
		t.Fatal(err)
	}
	if err := r.RegisterFileAllocRange(5, 2); err != nil {
		t.Fatal(err)
	}
	open := func() int32 {
		return run(t, r, func(e *SQE) { e.PrepareSocketDirectAlloc(unix.AF_UNIX, unix.SOCK_STREAM, 0, 0) })
	}
	if a, b, c := open(), open(), open(); a != 5 || b != 6 || c != -int32(unix.ENFILE) {
		t.Errorf("slots %d, %d, %d; want 5, 6 and none", a, b, c)
	}
	if res := run(t, r, func(e *SQE) { e.PrepareCloseDirect(5) }); res != 0 {
		t.Errorf("close: %d", res)
	}
	if a := open(); a != 5 {
		t.Errorf("slot %d, want 5 again", a)
	}
	if err := r.RegisterFileAllocRange(100, 2); !errors.Is(err, unix.EOVERFLOW) && !errors.Is(err, unix.EINVAL) {
		t.Errorf("a range beyond the table: %v", err)
	}
}

// A tag comes as a completion when its file has been replaced.
func TestRegisterFilesTags(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	if r.Features()&FeatRsrcTags == 0 {
		t.Skip("needs Linux 5.13")
	}
	a, b := pair(t)
	if err := r.RegisterFilesTags([]int32{int32(a)}, nil); err == nil {
		t.Error("no tags were accepted")
	}
	if err := r.RegisterFilesTags([]int32{int32(a)}, []uint64{77}); err != nil {
		t.Fatal(err)
	}
	if n, err := r.RegisterFilesUpdateTags(0, []int32{int32(b)}, []uint64{78}); n != 1 || err != nil {
		t.Fatalf("update: %d, %v", n, err)
	}
	if c := complete(t, r); c.UserData != 77 {
		t.Errorf("the completion is %+v, want the replaced file's tag", c)
	}
	if _, err := r.RegisterFilesUpdateTags(0, []int32{-1}, []uint64{1, 2}); err == nil {
		t.Error("two tags for one file were accepted")
	}
}

// A clone writes from the other ring's buffer.
func TestCloneBuffers(t *testing.T) {
	needs(t, CanClock) // 6.12, as cloning
	from := newRing(t, Config{Entries: 4})
	r := newRing(t, Config{Entries: 4})
	mem, iov := iovecOf(t, 4096)
	tx, _ := pair(t)
	if err := from.RegisterBuffers(iov); err != nil {
		t.Fatal(err)
	}
	if err := r.CloneBuffers(from); err != nil {
		t.Fatal(err)
	}
	if res := run(t, r, func(e *SQE) { e.PrepareWriteFixed(tx, uintptr(sliceAddr(mem)), 5, 0, 0) }); res != 5 {
		t.Errorf("write: %d", res)
	}
	// What has no method of its own goes through Register.
	if _, err := r.Register(UnregisterBuffers, nil, 0); err != nil {
		t.Error(err)
	}
	if _, err := r.Register(UnregisterBuffers, nil, 0); !errors.Is(err, unix.ENXIO) {
		t.Errorf("a second time: %v", err)
	}
}
