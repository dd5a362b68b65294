package ws

import (
	"encoding/binary"
	"math/bits"
)

// sha1 is SHA-1 (RFC 3174) of up to 119 bytes. The opening handshake has it echo a key, not keep a secret (RFC 6455 §1.3),
// and crypto/sha1 refuses to run in processes that are held to FIPS 140.
func sha1(p []byte) (sum [20]byte) {
	var blocks [128]byte // with the padding: a one, zeros, the length in bits
	n := copy(blocks[:], p)
	blocks[n] = 0x80
	end := 64
	if n+9 > end {
		end = 128
	}
	binary.BigEndian.PutUint64(blocks[end-8:], uint64(n)*8)
	h := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	for at := 0; at < end; at += 64 {
		sha1Block(&h, (*[64]byte)(blocks[at:]))
	}
	for i, v := range h {
		binary.BigEndian.PutUint32(sum[4*i:], v)
	}
	return sum
}

func sha1Block(h *[5]uint32, p *[64]byte) {
	var w [80]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(p[4*i:])
	}
	for i := 16; i < 80; i++ {
		w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
	}
	a, b, c, d, e := h[0], h[1], h[2], h[3], h[4]
	for i, v := range w {
		var f, k uint32
		switch i / 20 {
		case 0:
			f, k = b&c|^b&d, 0x5a827999
		case 1:
			f, k = b^c^d, 0x6ed9eba1
		case 2:
			f, k = b&c|b&d|c&d, 0x8f1bbcdc
		default:
			f, k = b^c^d, 0xca62c1d6
		}
		a, b, c, d, e = bits.RotateLeft32(a, 5)+f+e+v+k, a, bits.RotateLeft32(b, 30), c, d
	}
	h[0], h[1], h[2], h[3], h[4] = h[0]+a, h[1]+b, h[2]+c, h[3]+d, h[4]+e
}
