//go:build linux

package ring

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysSetup is io_uring_setup(2).
func sysSetup(entries uint32, p *Params) (int, syscall.Errno) {
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(p)), 0)
	return int(fd), errno
}

// sysRegister is io_uring_register(2).
func sysRegister(fd int, op uint32, arg unsafe.Pointer, n uint32) (int, syscall.Errno) {
	res, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(fd), uintptr(op), uintptr(arg), uintptr(n), 0, 0)
	return int(res), errno
}

// sysEnter is io_uring_enter(2). A raw call does not tell the scheduler: it is
// about 50 ns cheaper, but keeps its P, so it must not block.
func sysEnter(fd int, submit, wait, flags uint32, arg unsafe.Pointer, size uintptr, raw bool) (int, syscall.Errno) {
	var n uintptr
	var errno syscall.Errno
	if raw {
		n, _, errno = unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), uintptr(submit), uintptr(wait), uintptr(flags), uintptr(arg), size)
	} else {
		n, _, errno = unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), uintptr(submit), uintptr(wait), uintptr(flags), uintptr(arg), size)
	}
	return int(n), errno
}
