//go:build !purego

package ws

func wideLoops() map[string]func(uint64, []byte) int {
	loops := map[string]func(uint64, []byte) int{"Go": maskGo, "SSE2": maskSSE2}
	if useAVX2 {
		loops["AVX2"] = maskAVX2
	}
	return loops
}
