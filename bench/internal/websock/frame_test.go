package websock

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// RFC 6455 §5.7 gives these bytes.
func TestExamplesOfTheRFC(t *testing.T) {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	if got, want := AppendMasked(nil, Fin|1, []byte("Hello"), key), []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}; !bytes.Equal(got, want) {
		t.Errorf("masked Hello: % x, want % x", got, want)
	}
	for n, want := range map[int][]byte{
		5: {0x82, 5}, 256: {0x82, 0x7e, 0x01, 0x00}, 65536: {0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0},
	} {
		if got := AppendHeader(nil, Fin|Binary, n, nil); !bytes.Equal(got, want) {
			t.Errorf("header of %d bytes: % x, want % x", n, got, want)
		}
	}
}

func TestHeadersReadBack(t *testing.T) {
	key := [4]byte{1, 2, 3, 4}
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20} {
		for _, k := range []*[4]byte{nil, &key} {
			raw := AppendHeader(nil, Fin|RSV1|Binary, n, k)
			for cut := range len(raw) {
				if _, ok, err := Parse(raw[:cut]); ok || err != nil {
					t.Errorf("%d bytes of % x: complete %v, %v", cut, raw, ok, err)
				}
			}
			h, ok, err := Parse(append(raw, 'x'))
			if !ok || err != nil || h.Length != n || h.Size != len(raw) || h.Masked != (k != nil) || h.Opcode() != Binary || h.Masked && h.Key != key {
				t.Errorf("% x: %+v, %v, %v", raw, h, ok, err)
			}
		}
	}
	if _, _, err := Parse([]byte{0x82, 127, 0, 0, 0, 0, 0x80, 0, 0, 0}); err != ErrLength {
		t.Errorf("2 GiB: %v, want ErrLength", err)
	}
}

func TestMask(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		key := [4]byte{byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32())}
		p, want := make([]byte, n), make([]byte, n)
		for i := range p {
			p[i] = byte(rnd.Uint32())
			want[i] = p[i] ^ key[i%4]
		}
		if Mask(key, p); !bytes.Equal(p, want) {
			t.Fatalf("%d bytes with key % x: % x, want % x", n, key, p, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0x82, 0xfe, 1, 0, 1, 2, 3, 4, 5}) // masked, sixteen bits of length
	f.Add([]byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		h, ok, err := Parse(p)
		if err != nil || !ok {
			return
		}
		var key *[4]byte
		if h.Masked {
			key = &h.Key
		}
		// What is read is written the same, but for lengths in more bytes than they need.
		if raw := AppendHeader(nil, h.First, h.Length, key); len(raw) == h.Size && !bytes.Equal(raw, p[:h.Size]) {
			t.Errorf("% x was read as %+v, which is written % x", p[:h.Size], h, raw)
		}
	})
}
