//go:build linux

package ring

import "golang.org/x/sys/unix"

// Offsets are bytes from the start of the file; all ones (^uint64(0)) means the
// file's own position. Paths are NUL-terminated, as unix.BytePtrFromString
// makes them.

// PrepareRead reads up to nbytes.
func (e *SQE) PrepareRead(fd int, buf uintptr, nbytes uint32, offset uint64) {
	e.prepRW(OpRead, fd, buf, nbytes, offset)
}

// PrepareReadMultishot reads again and again from a pollable file into provided
// buffers (6.7); nbytes 0 means as much as a buffer holds.
func (e *SQE) PrepareReadMultishot(fd int, nbytes uint32, offset uint64, bufGroup int) {
	e.prepRW(OpReadMultishot, fd, 0, nbytes, offset)
	e.SetBufferGroup(uint16(bufGroup))
}

// PrepareReadFixed reads into a registered buffer; buf lies within it.
func (e *SQE) PrepareReadFixed(fd int, buf uintptr, nbytes uint32, offset uint64, bufIndex int) {
	e.prepRW(OpReadFixed, fd, buf, nbytes, offset)
	e.BufIG = uint16(bufIndex)
}

// PrepareReadv reads into nrVecs buffers; iovecs is the address of an array of
// struct iovec.
func (e *SQE) PrepareReadv(fd int, iovecs uintptr, nrVecs uint32, offset uint64) {
	e.prepRW(OpReadv, fd, iovecs, nrVecs, offset)
}

// PrepareReadv2 is PrepareReadv with preadv2's RWF_… flags.
func (e *SQE) PrepareReadv2(fd int, iovecs uintptr, nrVecs uint32, offset uint64, flags int) {
	e.PrepareReadv(fd, iovecs, nrVecs, offset)
	e.OpcodeFlags = uint32(flags)
}

// PrepareReadvFixed is PrepareReadv2 into parts of a registered buffer (6.15).
func (e *SQE) PrepareReadvFixed(fd int, iovecs uintptr, nrVecs uint32, offset uint64, flags, bufIndex int) {
	e.PrepareReadv2(fd, iovecs, nrVecs, offset, flags)
	e.OpCode = OpReadvFixed
	e.BufIG = uint16(bufIndex)
}

// PrepareWrite writes up to nbytes.
func (e *SQE) PrepareWrite(fd int, buf uintptr, nbytes uint32, offset uint64) {
	e.prepRW(OpWrite, fd, buf, nbytes, offset)
}

// PrepareWriteFixed writes from a registered buffer; buf lies within it.
func (e *SQE) PrepareWriteFixed(fd int, buf uintptr, nbytes uint32, offset uint64, bufIndex int) {
	e.prepRW(OpWriteFixed, fd, buf, nbytes, offset)
	e.BufIG = uint16(bufIndex)
}

// PrepareWritev writes from nrVecs buffers.
func (e *SQE) PrepareWritev(fd int, iovecs uintptr, nrVecs uint32, offset uint64) {
	e.prepRW(OpWritev, fd, iovecs, nrVecs, offset)
}

// PrepareWritev2 is PrepareWritev with pwritev2's RWF_… flags.
func (e *SQE) PrepareWritev2(fd int, iovecs uintptr, nrVecs uint32, offset uint64, flags int) {
	e.PrepareWritev(fd, iovecs, nrVecs, offset)
	e.OpcodeFlags = uint32(flags)
}

// PrepareWritevFixed is PrepareWritev2 from parts of a registered buffer (6.15).
func (e *SQE) PrepareWritevFixed(fd int, iovecs uintptr, nrVecs uint32, offset uint64, flags, bufIndex int) {
	e.PrepareWritev2(fd, iovecs, nrVecs, offset, flags)
	e.OpCode = OpWritevFixed
	e.BufIG = uint16(bufIndex)
}

// PrepareFsync flushes a file; flags is 0 or FsyncDatasync.
func (e *SQE) PrepareFsync(fd int, flags uint32) {
	e.prepRW(OpFsync, fd, 0, 0, 0)
	e.OpcodeFlags = flags
}

// PrepareSyncFileRange is sync_file_range(2).
func (e *SQE) PrepareSyncFileRange(fd int, length uint32, offset uint64, flags int) {
	e.prepRW(OpSyncFileRange, fd, 0, length, offset)
	e.OpcodeFlags = uint32(flags)
}

// PrepareFallocate is fallocate(2).
func (e *SQE) PrepareFallocate(fd, mode int, offset, length uint64) {
	e.prepRW(OpFallocate, fd, 0, uint32(mode), offset)
	e.Addr = length
}

// PrepareFtruncate is ftruncate(2) (6.9).
func (e *SQE) PrepareFtruncate(fd int, length int64) {
	e.prepRW(OpFtruncate, fd, 0, 0, uint64(length))
}

// PrepareFadvise is posix_fadvise(2).
func (e *SQE) PrepareFadvise(fd int, offset uint64, length int, advice uint32) {
	e.prepRW(OpFadvise, fd, 0, uint32(length), offset)
	e.OpcodeFlags = advice
}

// PrepareMadvise is madvise(2).
func (e *SQE) PrepareMadvise(addr uintptr, length uint, advice int) {
	e.prepRW(OpMadvise, -1, addr, uint32(length), 0)
	e.OpcodeFlags = uint32(advice)
}

// PrepareFadvise64 is PrepareFadvise with a length that may exceed 4 GiB (6.11).
func (e *SQE) PrepareFadvise64(fd int, offset, length uint64, advice uint32) {
	e.prepRW(OpFadvise, fd, 0, 0, offset)
	e.Addr = length
	e.OpcodeFlags = advice
}

// PrepareMadvise64 is PrepareMadvise with a length that may exceed 4 GiB (6.11).
func (e *SQE) PrepareMadvise64(addr uintptr, length uint64, advice int) {
	e.prepRW(OpMadvise, -1, addr, 0, length)
	e.OpcodeFlags = uint32(advice)
}

// PrepareSplice moves bytes between two descriptors of which one is a pipe; the
// offset of a pipe is -1.
func (e *SQE) PrepareSplice(fdIn int, offIn int64, fdOut int, offOut int64, nbytes, spliceFlags uint32) {
	e.prepRW(OpSplice, fdOut, 0, nbytes, uint64(offOut))
	e.Addr = uint64(offIn)
	e.SpliceFdIn = int32(fdIn)
	e.OpcodeFlags = spliceFlags
}

// PrepareTee copies bytes between two pipes, as tee(2).
func (e *SQE) PrepareTee(fdIn, fdOut int, nbytes, spliceFlags uint32) {
	e.prepRW(OpTee, fdOut, 0, nbytes, 0)
	e.SpliceFdIn = int32(fdIn)
	e.OpcodeFlags = spliceFlags
}

// PreparePipe makes a pipe; fds is the address of two int32 (6.16).
func (e *SQE) PreparePipe(fds *[2]int32, flags uint32) {
	e.prepRW(OpPipe, 0, addrOf(fds), 0, 0)
	e.OpcodeFlags = flags
}

// PreparePipeDirect is PreparePipe into slots of the registered files.
func (e *SQE) PreparePipeDirect(fds *[2]int32, flags, fileIndex uint32) {
	e.PreparePipe(fds, flags)
	e.setTargetFixedFile(fileIndex)
}

// PrepareStatx is statx(2).
func (e *SQE) PrepareStatx(dfd int, path *byte, flags int, mask uint32, statx *unix.Statx_t) {
	e.prepRW(OpStatx, dfd, addrOf(path), mask, ptr64(statx))
	e.OpcodeFlags = uint32(flags)
}
