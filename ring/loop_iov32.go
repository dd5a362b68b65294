//go:build linux && (386 || arm || mips || mipsle)

package ring

import "syscall"

func setIovlen(h *syscall.Msghdr, n int) { h.Iovlen = uint32(n) }
func iovlen(h *syscall.Msghdr) int       { return int(h.Iovlen) }
