//go:build unix

package ringwire

import (
	"syscall"
	"testing"
)

// assign is for Rlimit.Cur, which is signed on FreeBSD.
func assign[T int64 | uint64](to *T, n uint64) { *to = T(n) }

func lowerLimit(t *testing.T, n uint64) {
	t.Helper()
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		t.Fatal(err)
	}
	assign(&lim.Cur, n)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		t.Fatal(err)
	}
}
