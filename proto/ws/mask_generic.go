//go:build purego || (!amd64 && !arm64)

package ws

func maskWide(k uint64, p []byte) int { return maskGo(k, p) }
