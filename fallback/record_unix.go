//go:build unix

package fallback

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// errName is the name of an errno.
func errName(errno uint32) string {
	if errno == 0 {
		return "error"
	}
	if name := unix.ErrnoName(syscall.Errno(errno)); name != "" {
		return name
	}
	return syscall.Errno(errno).Error()
}
