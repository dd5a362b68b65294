//go:build !purego

package ws

// maskWide masks as many whole steps of 16 bytes as lie in p and returns how many bytes these
// are. Every arm64 has what it takes.
//
//go:noescape
func maskWide(k uint64, p []byte) int
