package denied

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// IOUring refuses the three calls of io_uring, as the default profiles of container runtimes do.
func IOUring(errno syscall.Errno) error {
	return Calls(errno, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER)
}

// Calls makes system calls, of up to 200, fail with errno.
func Calls(errno syscall.Errno, numbers ...uintptr) error {
	var prog []unix.SockFilter
	for i, nr := range numbers {
		prog = append(prog, jumpEqual(nr, len(numbers)-i, 0))
	}
	return install(append(prog, allow, refuse(errno)))
}

// AllBut makes every system call fail with errno that is not among these.
func AllBut(errno syscall.Errno, numbers ...uintptr) error {
	var prog []unix.SockFilter
	for _, nr := range numbers { // one at a time: a jump reaches 255 instructions
		prog = append(prog, jumpEqual(nr, 0, 1), allow)
	}
	return install(append(prog, refuse(errno)))
}

// Register makes one operation of io_uring_register fail with errno.
func Register(op uint32, errno syscall.Errno) error {
	return install([]unix.SockFilter{
		jumpEqual(unix.SYS_IO_URING_REGISTER, 1, 0),
		allow,
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: secondArgument()},
		jumpEqual(uintptr(op), 1, 0),
		allow,
		refuse(errno),
	})
}

// secondArgument is where struct seccomp_data has the low half of args[1].
func secondArgument() uint32 {
	one := uint32(1)
	if *(*byte)(unsafe.Pointer(&one)) == 1 {
		return 24
	}
	return 28
}

var allow = unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}

func refuse(errno syscall.Errno) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)}
}

// jumpEqual skips yes instructions if what was loaded is value, else no.
func jumpEqual(value uintptr, yes, no int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(value), Jt: uint8(yes), Jf: uint8(no)}
}

// install puts a filter over every thread of the process (seccomp(2)). The program begins with the call's
// number, the first word of struct seccomp_data.
func install(prog []unix.SockFilter) error {
	prog = append([]unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}, prog...)
	runtime.LockOSThread() // no_new_privs is this thread's until the filter is put over the others
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}
