package ws

import (
	"bytes"
	"compress/flate"
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

// Text, repetition and what does not compress, as browsers' zlib makes them of it.
func BenchmarkInflate(b *testing.B) {
	random := make([]byte, 256<<10)
	for i := range random {
		random[i] = byte(uint32(i*i) * 2654435761 >> 24)
	}
	for _, bc := range []struct {
		name string
		p    []byte
	}{{"text", words(256 << 10)}, {"small", words(200)}, {"repetition", bytes.Repeat([]byte("0123456789abcdef"), 16<<10)}, {"random", random}} {
		b.Run(bc.name, func(b *testing.B) {
			var out bytes.Buffer
			z, _ := flate.NewWriter(&out, 6)
			_, _ = z.Write(bc.p)
			_ = z.Flush()
			packed := out.Bytes()[:out.Len()-len(marker)]
			a := mem.NewAllocator(mem.Config{})
			acc, cs := a.Account("test"), NewCodecs()
			c := cs.get(Server, &Compression{Enabled: true, ClientNoContext: true}, acc)
			b.SetBytes(int64(len(bc.p)))
			b.ReportAllocs()
			for b.Loop() {
				var src, dst mem.Segments
				src.InitFor(acc)
				dst.InitFor(acc)
				src.AppendCopy(packed)
				if err := c.inflate(&dst, &src, bounds{max: 1 << 20, ratio: unlimited}); err != nil {
					b.Fatal(err)
				}
				dst.Release()
			}
		})
	}
}
