//go:build !unix

package fallback

import "syscall"

// errName is what the system calls an error.
func errName(errno uint32) string {
	if errno == 0 {
		return "error"
	}
	return syscall.Errno(errno).Error()
}
