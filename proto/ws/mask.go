package ws

import "encoding/binary"

// wideMin is the length from which the call of a wide loop, which cannot be inlined, is paid
// back.
const wideMin = 64

// Mask masks or unmasks p in place, which is the same (RFC 6455 §5.3). pos is how much of the
// frame's payload lies before p, modulo 4 or not; next is where the byte behind p stands, modulo 4.
func Mask(key [4]byte, pos int, p []byte) (next int) {
	k := turned(key, pos)
	next = (pos + len(p)) & 3
	if len(p) >= wideMin {
		p = p[maskWide(k, p):]
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	for i := range p { // 7 at most
		p[i] ^= byte(k >> (8 * i))
	}
	return next
}

// turned is the key twice, beginning with the byte that is for position pos.
func turned(key [4]byte, pos int) uint64 {
	k := binary.LittleEndian.Uint32(key[:])
	r := 8 * (uint(pos) & 3)
	k = k>>r | k<<(32-r)
	return uint64(k) | uint64(k)<<32
}

// maskGo is the wide loop without assembly: it masks as many whole steps as lie in p and returns
// how many bytes these are, a multiple of 4.
func maskGo(k uint64, p []byte) int {
	const step = 64
	n := len(p) &^ (step - 1)
	for q := p[:n]; len(q) >= step; q = q[step:] {
		b := q[:step:step] // one check for all
		x0 := binary.LittleEndian.Uint64(b[0:8]) ^ k
		x1 := binary.LittleEndian.Uint64(b[8:16]) ^ k
		x2 := binary.LittleEndian.Uint64(b[16:24]) ^ k
		x3 := binary.LittleEndian.Uint64(b[24:32]) ^ k
		x4 := binary.LittleEndian.Uint64(b[32:40]) ^ k
		x5 := binary.LittleEndian.Uint64(b[40:48]) ^ k
		x6 := binary.LittleEndian.Uint64(b[48:56]) ^ k
		x7 := binary.LittleEndian.Uint64(b[56:64]) ^ k
		binary.LittleEndian.PutUint64(b[0:8], x0)
		binary.LittleEndian.PutUint64(b[8:16], x1)
		binary.LittleEndian.PutUint64(b[16:24], x2)
		binary.LittleEndian.PutUint64(b[24:32], x3)
		binary.LittleEndian.PutUint64(b[32:40], x4)
		binary.LittleEndian.PutUint64(b[40:48], x5)
		binary.LittleEndian.PutUint64(b[48:56], x6)
		binary.LittleEndian.PutUint64(b[56:64], x7)
	}
	return n
}
