//go:build linux

package ring

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// PrepareOpen opens a path relative to the working directory.
func (e *SQE) PrepareOpen(path *byte, flags int, mode uint32) {
	e.PrepareOpenat(unix.AT_FDCWD, path, flags, mode)
}

// PrepareOpenDirect is PrepareOpen into a slot of the registered files.
func (e *SQE) PrepareOpenDirect(path *byte, flags int, mode, fileIndex uint32) {
	e.PrepareOpenatDirect(unix.AT_FDCWD, path, flags, mode, fileIndex)
}

// PrepareOpenat is openat(2).
func (e *SQE) PrepareOpenat(dfd int, path *byte, flags int, mode uint32) {
	e.prepRW(OpOpenat, dfd, addrOf(path), mode, 0)
	e.OpcodeFlags = uint32(flags)
}

// PrepareOpenatDirect is PrepareOpenat into a slot of the registered files.
func (e *SQE) PrepareOpenatDirect(dfd int, path *byte, flags int, mode, fileIndex uint32) {
	e.PrepareOpenat(dfd, path, flags, mode)
	e.setTargetFixedFile(fileIndex)
}

// PrepareOpenat2 is openat2(2).
func (e *SQE) PrepareOpenat2(dfd int, path *byte, how *unix.OpenHow) {
	e.prepRW(OpOpenat2, dfd, addrOf(path), uint32(unsafe.Sizeof(*how)), ptr64(how))
}

// PrepareOpenat2Direct is PrepareOpenat2 into a slot of the registered files.
func (e *SQE) PrepareOpenat2Direct(dfd int, path *byte, how *unix.OpenHow, fileIndex uint32) {
	e.PrepareOpenat2(dfd, path, how)
	e.setTargetFixedFile(fileIndex)
}

// PrepareMkdir is mkdir(2).
func (e *SQE) PrepareMkdir(path *byte, mode uint32) { e.PrepareMkdirat(unix.AT_FDCWD, path, mode) }

// PrepareMkdirat is mkdirat(2).
func (e *SQE) PrepareMkdirat(dfd int, path *byte, mode uint32) {
	e.prepRW(OpMkdirat, dfd, addrOf(path), mode, 0)
}

// PrepareUnlink is unlink(2), or rmdir(2) with AT_REMOVEDIR.
func (e *SQE) PrepareUnlink(path *byte, flags int) { e.PrepareUnlinkat(unix.AT_FDCWD, path, flags) }

// PrepareUnlinkat is unlinkat(2).
func (e *SQE) PrepareUnlinkat(dfd int, path *byte, flags int) {
	e.prepRW(OpUnlinkat, dfd, addrOf(path), 0, 0)
	e.OpcodeFlags = uint32(flags)
}

// PrepareRename is rename(2).
func (e *SQE) PrepareRename(oldPath, newPath *byte) {
	e.PrepareRenameat(unix.AT_FDCWD, oldPath, unix.AT_FDCWD, newPath, 0)
}

// PrepareRenameat is renameat2(2).
func (e *SQE) PrepareRenameat(oldFd int, oldPath *byte, newFd int, newPath *byte, flags uint32) {
	e.prepRW(OpRenameat, oldFd, addrOf(oldPath), uint32(newFd), ptr64(newPath))
	e.OpcodeFlags = flags
}

// PrepareLink is link(2).
func (e *SQE) PrepareLink(oldPath, newPath *byte, flags int) {
	e.PrepareLinkat(unix.AT_FDCWD, oldPath, unix.AT_FDCWD, newPath, flags)
}

// PrepareLinkat is linkat(2).
func (e *SQE) PrepareLinkat(oldFd int, oldPath *byte, newFd int, newPath *byte, flags int) {
	e.prepRW(OpLinkat, oldFd, addrOf(oldPath), uint32(newFd), ptr64(newPath))
	e.OpcodeFlags = uint32(flags)
}

// PrepareSymlink is symlink(2).
func (e *SQE) PrepareSymlink(target, linkPath *byte) {
	e.PrepareSymlinkat(target, unix.AT_FDCWD, linkPath)
}

// PrepareSymlinkat is symlinkat(2).
func (e *SQE) PrepareSymlinkat(target *byte, newDirFd int, linkPath *byte) {
	e.prepRW(OpSymlinkat, newDirFd, addrOf(target), 0, ptr64(linkPath))
}

// PrepareGetxattr reads an extended attribute of a path into length bytes at value.
func (e *SQE) PrepareGetxattr(name *byte, value unsafe.Pointer, path *byte, length uint32) {
	e.PrepareFgetxattr(0, name, value, length)
	e.OpCode = OpGetxattr
	e.Addr3 = ptr64(path)
}

// PrepareSetxattr sets an extended attribute of a path.
func (e *SQE) PrepareSetxattr(name *byte, value unsafe.Pointer, path *byte, flags int, length uint32) {
	e.PrepareFsetxattr(0, name, value, flags, length)
	e.OpCode = OpSetxattr
	e.Addr3 = ptr64(path)
}

// PrepareFgetxattr reads an extended attribute of a descriptor.
func (e *SQE) PrepareFgetxattr(fd int, name *byte, value unsafe.Pointer, length uint32) {
	e.prepRW(OpFgetxattr, fd, addrOf(name), length, uint64(heapAddr(value)))
}

// PrepareFsetxattr sets an extended attribute of a descriptor.
func (e *SQE) PrepareFsetxattr(fd int, name *byte, value unsafe.Pointer, flags int, length uint32) {
	e.prepRW(OpFsetxattr, fd, addrOf(name), length, uint64(heapAddr(value)))
	e.OpcodeFlags = uint32(flags)
}
