package fallback

import (
	"syscall"
	"unsafe"
)

// gather is a loop's scratch for writing several buffers by one call.
type gather struct {
	iov [maxSendBufs]syscall.Iovec
}

// write writes bufs to a non-blocking descriptor, by one call.
func (g *gather) write(fd int, bufs [][]byte) (int, error) {
	k := 0
	for _, b := range bufs {
		if len(b) > 0 {
			g.iov[k].Base = &b[0]
			g.iov[k].SetLen(len(b))
			k++
		}
	}
	if k == 0 {
		return 0, nil
	}
	for {
		n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&g.iov[0])), uintptr(k))
		switch errno {
		case 0:
			clear(g.iov[:k])
			return int(n), nil
		case syscall.EINTR:
		default:
			clear(g.iov[:k])
			return 0, errno
		}
	}
}
