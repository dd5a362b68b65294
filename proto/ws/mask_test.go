package ws

import (
	"bytes"
	"fmt"
	"testing"
)

// maskPlain is RFC 6455 §5.3 as it is written there.
func maskPlain(key [4]byte, pos int, p []byte) {
	for i := range p {
		p[i] ^= key[(pos+i)%4]
	}
}

// pattern is n bytes of which no two within 256 are alike.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8)
	}
	return p
}

// eachWide runs f with each of the wide loops that this machine has, as Mask uses it.
func eachWide(t *testing.T, f func(t *testing.T, mask func(key [4]byte, pos int, p []byte) int)) {
	t.Run("Mask", func(t *testing.T) { f(t, Mask) })
	for name, wide := range wideLoops() {
		t.Run(name, func(t *testing.T) {
			f(t, func(key [4]byte, pos int, p []byte) int {
				n := wide(turned(key, pos), p)
				if n%4 != 0 || n > len(p) || len(p)-n >= 64 {
					t.Errorf("%d of %d bytes were masked", n, len(p))
				}
				maskPlain(key, pos+n, p[n:])
				return (pos + len(p)) % 4
			})
		})
	}
}

var maskKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// RFC 6455 §5.7.
func TestMaskVector(t *testing.T) {
	p := []byte{0x7f, 0x9f, 0x4d, 0x51, 0x58}
	if next := Mask(maskKey, 0, p); string(p) != "Hello" || next != 1 {
		t.Errorf("got %q, next %d, want Hello, 1", p, next)
	}
}

// Every length around the steps of the loops, every position, every alignment, and nothing outside.
func TestMask(t *testing.T) {
	eachWide(t, func(t *testing.T, mask func([4]byte, int, []byte) int) {
		for n := range 300 {
			for pos := range 5 {
				for align := range 9 {
					got, want := pattern(n+32), pattern(n+32)
					maskPlain(maskKey, pos, want[align:align+n])
					next := mask(maskKey, pos, got[align:align+n])
					if !bytes.Equal(got, want) {
						t.Fatalf("%d bytes at %d from position %d are wrong", n, align, pos)
					}
					if next != (pos+n)%4 {
						t.Fatalf("%d bytes from position %d: next is %d", n, pos, next)
					}
				}
			}
		}
	})
}

// A payload masked in pieces is that masked at once, wherever it is cut.
func TestMaskPieces(t *testing.T) {
	want := pattern(500)
	maskPlain(maskKey, 0, want)
	for cut := range len(want) {
		got := pattern(500)
		pos := Mask(maskKey, 0, got[:cut])
		Mask(maskKey, pos, got[cut:])
		if !bytes.Equal(got, want) {
			t.Fatalf("cut at %d: wrong", cut)
		}
	}
}

func TestMaskLarge(t *testing.T) {
	eachWide(t, func(t *testing.T, mask func([4]byte, int, []byte) int) {
		got, want := pattern(1<<20+5), pattern(1<<20+5)
		maskPlain(maskKey, 3, want)
		if mask(maskKey, 3, got); !bytes.Equal(got, want) {
			t.Error("wrong")
		}
	})
}

func TestMaskAllocatesNothing(t *testing.T) {
	p := pattern(1000)
	if n := testing.AllocsPerRun(100, func() { Mask(maskKey, 0, p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMask(f *testing.F) {
	f.Add(uint32(0x3d21fa37), 0, uint8(0), []byte("Hello"))
	f.Add(uint32(1), 3, uint8(1), pattern(63))
	f.Add(uint32(0xffffffff), 2, uint8(5), pattern(64))
	f.Add(uint32(0x01020304), 1, uint8(31), pattern(200))
	f.Fuzz(func(t *testing.T, k uint32, pos int, align uint8, p []byte) {
		if pos < 0 {
			pos = -(pos + 1)
		}
		pos &= 1<<30 - 1
		key := [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
		at := min(int(align), len(p))
		want := bytes.Clone(p)
		maskPlain(key, pos, want[at:])
		got := bytes.Clone(p)
		if next := Mask(key, pos, got[at:]); !bytes.Equal(got, want) || next != (pos+len(p)-at)%4 {
			t.Fatalf("Mask: next %d\n%x, want\n%x", next, got, want)
		}
		for name, wide := range wideLoops() {
			got := bytes.Clone(p)
			n := wide(turned(key, pos), got[at:])
			if maskPlain(key, pos+n, got[at+n:]); !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes\n%x, want\n%x", name, n, got, want)
			}
		}
	})
}

// BenchmarkMask has memcpy beside it, in the same run: the figure of interest is the ratio.
func BenchmarkMask(b *testing.B) {
	for _, n := range []int{16, 64, 256, 1 << 10, 16 << 10, 1 << 20} {
		p, q := pattern(n), pattern(n)
		run := func(name string, f func()) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				for b.Loop() {
					f()
				}
			})
		}
		run("Mask", func() { Mask(maskKey, 1, p) })
		for name, wide := range wideLoops() {
			if n >= wideMin {
				run(name, func() { wide(turned(maskKey, 1), p) })
			}
		}
		run("copy", func() { copy(q, p) })
	}
}
