//go:build linux && !386 && !s390x && !race

package fallback

import (
	"syscall"
	"unsafe"
)

// read receives from a non-blocking socket. recv(2) and send(2) cost the kernel some
// percent less than read(2) and write(2), which pass through the file layer first.
func read(fd int, p []byte) (int, error) {
	return again(syscall.SYS_RECVFROM, fd, unsafe.Pointer(&p[0]), len(p), 0)
}

// gather is a loop's scratch for sending several buffers by one call.
type gather struct {
	iov [maxSendBufs]syscall.Iovec
}

// write sends bufs to a non-blocking socket, by one call.
func (g *gather) write(fd int, bufs [][]byte) (int, error) {
	k := 0
	for _, b := range bufs {
		if len(b) > 0 {
			g.iov[k].Base = &b[0]
			g.iov[k].SetLen(len(b))
			k++
		}
	}
	var n int
	var err error
	switch k {
	case 0:
	case 1:
		n, err = again(syscall.SYS_SENDTO, fd, unsafe.Pointer(g.iov[0].Base), int(g.iov[0].Len), syscall.MSG_NOSIGNAL)
	default:
		n, err = again(syscall.SYS_WRITEV, fd, unsafe.Pointer(&g.iov[0]), k, 0)
	}
	clear(g.iov[:k])
	return n, err
}

// again makes a system call on fd, again if a signal interrupts it.
func again(trap uintptr, fd int, p unsafe.Pointer, n, flags int) (int, error) {
	for {
		done, _, errno := syscall.Syscall6(trap, uintptr(fd), uintptr(p), uintptr(n), uintptr(flags), 0, 0)
		switch errno {
		case 0:
			return int(done), nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, errAgain
		default:
			return 0, errno
		}
	}
}

// errAgain is made an error once: the poller's business is every second call's result.
var errAgain error = syscall.EAGAIN
