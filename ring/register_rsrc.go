//go:build linux

package ring

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// RegisterBuffers pins memory for the …Fixed requests: it is charged to
// RLIMIT_MEMLOCK, and must stay until UnregisterBuffers.
func (r *Ring) RegisterBuffers(iovecs []syscall.Iovec) error {
	_, err := r.register("buffers", RegisterBuffers, leak(unsafe.Pointer(unsafe.SliceData(iovecs))), uint32(len(iovecs)))
	runtime.KeepAlive(iovecs)
	return err
}

// RegisterBuffersSparse makes nr empty slots (5.19).
func (r *Ring) RegisterBuffersSparse(nr uint32) error {
	reg := RsrcRegister{Nr: nr, Flags: RsrcRegisterSparse}
	_, err := r.register("buffers (sparse)", RegisterBuffers2, unsafe.Pointer(&reg), uint32(unsafe.Sizeof(reg)))
	return err
}

// RegisterBuffersTags is RegisterBuffers; when a buffer is no longer used, a
// completion with its tag as user data tells, unless the tag is 0 (5.13).
func (r *Ring) RegisterBuffersTags(iovecs []syscall.Iovec, tags []uint64) error {
	if len(tags) != len(iovecs) {
		return fmt.Errorf("ring: register buffers: %d tags for %d buffers", len(tags), len(iovecs))
	}
	reg := RsrcRegister{Nr: uint32(len(iovecs)), Data: sliceAddr(iovecs), Tags: sliceAddr(tags)}
	_, err := r.register("buffers (tags)", RegisterBuffers2, unsafe.Pointer(&reg), uint32(unsafe.Sizeof(reg)))
	runtime.KeepAlive(iovecs)
	runtime.KeepAlive(tags)
	return err
}

// RegisterBuffersUpdate replaces slots from off on and returns how many it did
// (5.13). tags is nil or as long as iovecs.
func (r *Ring) RegisterBuffersUpdate(off uint32, iovecs []syscall.Iovec, tags []uint64) (int, error) {
	if tags != nil && len(tags) != len(iovecs) {
		return 0, fmt.Errorf("ring: update buffers: %d tags for %d buffers", len(tags), len(iovecs))
	}
	up := RsrcUpdate2{Offset: off, Nr: uint32(len(iovecs)), Data: sliceAddr(iovecs), Tags: sliceAddr(tags)}
	n, err := r.register("buffers (update)", RegisterBuffersUpdate, unsafe.Pointer(&up), uint32(unsafe.Sizeof(up)))
	runtime.KeepAlive(iovecs)
	runtime.KeepAlive(tags)
	return n, err
}

// UnregisterBuffers unpins the memory.
func (r *Ring) UnregisterBuffers() error {
	_, err := r.register("buffers (un)", UnregisterBuffers, nil, 0)
	return err
}

// RegisterFiles makes a table of files for SQEFixedFile; -1 is an empty slot.
func (r *Ring) RegisterFiles(fds []int32) error {
	_, err := r.register("files", RegisterFiles, unsafe.Pointer(unsafe.SliceData(fds)), uint32(len(fds)))
	return err
}

// RegisterFilesTags is RegisterFiles; when a file is no longer used, a
// completion with its tag as user data tells, unless the tag is 0 (5.13).
func (r *Ring) RegisterFilesTags(fds []int32, tags []uint64) error {
	if len(tags) != len(fds) {
		return fmt.Errorf("ring: register files: %d tags for %d files", len(tags), len(fds))
	}
	reg := RsrcRegister{Nr: uint32(len(fds)), Data: sliceAddr(fds), Tags: sliceAddr(tags)}
	_, err := r.register("files (tags)", RegisterFiles2, unsafe.Pointer(&reg), uint32(unsafe.Sizeof(reg)))
	runtime.KeepAlive(fds)
	runtime.KeepAlive(tags)
	return err
}

// RegisterFilesUpdateTags is RegisterFilesUpdate with the tags of the new
// files (5.13). tags is nil or as long as fds.
func (r *Ring) RegisterFilesUpdateTags(off uint32, fds []int32, tags []uint64) (int, error) {
	if tags != nil && len(tags) != len(fds) {
		return 0, fmt.Errorf("ring: update files: %d tags for %d files", len(tags), len(fds))
	}
	up := RsrcUpdate2{Offset: off, Nr: uint32(len(fds)), Data: sliceAddr(fds), Tags: sliceAddr(tags)}
	n, err := r.register("files (update)", RegisterFilesUpdate2, unsafe.Pointer(&up), uint32(unsafe.Sizeof(up)))
	runtime.KeepAlive(fds)
	runtime.KeepAlive(tags)
	return n, err
}

// CloneBuffers registers the buffers of another ring here, too, which pins and
// charges nothing more (6.12). Both rings must belong to this process; this one
// has none registered.
func (r *Ring) CloneBuffers(from *Ring) error {
	reg := CloneBuffersReg{SrcFd: uint32(from.fd)}
	_, err := r.register("buffers (clone)", RegisterCloneBuffers, unsafe.Pointer(&reg), 1)
	return err
}

// RegisterFilesSparse makes nr empty slots (5.19).
func (r *Ring) RegisterFilesSparse(nr uint32) error {
	reg := RsrcRegister{Nr: nr, Flags: RsrcRegisterSparse}
	_, err := r.register("files (sparse)", RegisterFiles2, unsafe.Pointer(&reg), uint32(unsafe.Sizeof(reg)))
	return err
}

// RegisterFilesUpdate replaces slots from off on and returns how many it did;
// -1 empties a slot, RegisterFilesSkip leaves it.
func (r *Ring) RegisterFilesUpdate(off uint32, fds []int32) (int, error) {
	up := FilesUpdate{Offset: off, Fds: sliceAddr(fds)}
	n, err := r.register("files (update)", RegisterFilesUpdate, unsafe.Pointer(&up), uint32(len(fds)))
	runtime.KeepAlive(fds)
	return n, err
}

// RegisterFileAllocRange limits the slots that FileIndexAlloc picks from (6.0).
func (r *Ring) RegisterFileAllocRange(off, n uint32) error {
	reg := FileIndexRange{Off: off, Len: n}
	_, err := r.register("file range", RegisterFileAllocRange, unsafe.Pointer(&reg), 0)
	return err
}

// UnregisterFiles closes the table.
func (r *Ring) UnregisterFiles() error {
	_, err := r.register("files (un)", UnregisterFiles, nil, 0)
	return err
}
