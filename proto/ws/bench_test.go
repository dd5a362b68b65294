package ws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// BenchmarkEcho is what a message costs an echoing server: parsed, unmasked, checked, and framed again.
func BenchmarkEcho(b *testing.B) {
	for _, kind := range []byte{0x81, 0x82} {
		for _, size := range []int{64, 1 << 10, 16 << 10} {
			b.Run(fmt.Sprintf("%s/%d", [...]string{"text", "binary"}[kind&15-1], size), func(b *testing.B) {
				a := mem.NewAllocator(mem.Config{})
				var e Engine
				e.Init(Server, &defaults, a.Account("message"))
				var out mem.Writer
				out.Init(a, 4096)
				frame := []byte(frames{Client}.frame(kind, strings.Repeat("x", size)))
				buf := make([]byte, len(frame))
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					copy(buf, frame)
					echo(b, &e, &out, e.Next(buf))
					out.Segments().Discard(out.Len())
				}
			})
		}
	}
}
