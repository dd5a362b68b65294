//go:build !purego

package ws

import "golang.org/x/sys/cpu"

// useAVX2 is a variable for the tests, which try both.
var useAVX2 = cpu.X86.HasAVX2

// maskWide masks as many whole steps as lie in p and returns how many bytes these are, a
// multiple of 4.
func maskWide(k uint64, p []byte) int {
	if useAVX2 {
		return maskAVX2(k, p)
	}
	return maskSSE2(k, p)
}

// maskAVX2 works in steps of 32 bytes.
//
//go:noescape
func maskAVX2(k uint64, p []byte) int

// maskSSE2 works in steps of 16 bytes, on every amd64.
//
//go:noescape
func maskSSE2(k uint64, p []byte) int
