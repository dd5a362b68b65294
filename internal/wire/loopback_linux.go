package wire

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Apart has a program start in a network namespace of its own, where it may do what root may; it
// calls Loopback first. Starting fails where that is not allowed.
func Apart() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return a
}

// Loopback brings up the loopback device.
func Loopback() error { return configure("lo", nil, unix.IFF_UP, 0) }
