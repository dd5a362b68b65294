//go:build linux && (amd64 || arm64 || ppc64 || ppc64le || mips64 || mips64le || riscv64 || s390x || loong64)

package ring

import "syscall"

func setIovlen(h *syscall.Msghdr, n int) { h.Iovlen = uint64(n) }
func iovlen(h *syscall.Msghdr) int       { return int(h.Iovlen) }
