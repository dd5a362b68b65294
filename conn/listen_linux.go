package conn

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// reusePort lets further sockets bind the same port; Linux spreads new connections
// over them by a hash of the addresses (socket(7), kernel 3.9). Other systems share the
// port without spreading, or spell it differently: there all loops accept from one queue.
var reusePort = func(_, _ string, raw syscall.RawConn) error {
	var err error
	if cerr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); cerr != nil {
		return cerr
	}
	return err
}
