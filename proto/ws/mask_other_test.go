//go:build purego || !amd64

package ws

func wideLoops() map[string]func(uint64, []byte) int {
	return map[string]func(uint64, []byte) int{"Go": maskGo, "wide": maskWide}
}
