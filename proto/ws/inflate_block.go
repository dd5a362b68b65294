package ws

import "encoding/binary"

// symbols reads a block's symbols up to its end (RFC 1951 §3.2.3), and makes of them what they stand for.
func (z *inflater) symbols(lit, dist *huffman) *Error {
	v, nb, in, w := z.bits, z.nb, z.in, z.w
	buf, table, mask := &z.buf, lit.table, uint64(1)<<lit.root-1
	for {
		if nb < 48 { // a length, a distance and what is added to them take as many
			if len(in) >= 8 {
				v |= binary.LittleEndian.Uint64(in) << (nb & 63)
				in = in[(63-nb)/8:]
				nb |= 56
			} else {
				z.bits, z.nb, z.in = v, nb, in
				z.need(56) // or what there is
				v, nb, in = z.bits, z.nb, z.in
			}
		}
		if w > len(buf)-longest {
			z.w = w
			if err := z.flush(); err != nil {
				return err
			}
			w = z.w
		}
		e := table[v&mask]
		n := e.size()
		if e.kind() == huffMore {
			e, n = lit.look(v)
		}
		if n > nb {
			return ErrDeflate // the input ends in the middle
		}
		v >>= n & 63
		nb -= n
		switch e.kind() {
		case huffLiteral:
			buf[w] = byte(e.value())
			w++
			continue
		case huffEnd:
			z.bits, z.nb, z.in, z.w = v, nb, in, w
			return nil
		case huffBad:
			return ErrDeflate
		}
		length := e.value() + int(v&(1<<e.extra()-1))
		v >>= e.extra()
		d, n := dist.look(v)
		v >>= n & 63
		back := d.value() + int(v&(1<<d.extra()-1))
		v >>= d.extra()
		if n += e.extra() + d.extra(); n > nb || d.kind() != huffBase || back > w {
			return ErrDeflate
		}
		nb -= n
		repeat(buf[:w+length], w, back)
		w += length
	}
}

// repeat fills p from w on with what is so far back.
func repeat(p []byte, w, back int) {
	for from := w - back; w < len(p); { // what was copied can be copied again
		w += copy(p[w:], p[from:w])
	}
}

// codeOrder is the order in which the lengths of the code come that the lengths of the others are written in.
var codeOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// codes reads the codes of a block that brings its own (RFC 1951 §3.2.7).
func (z *inflater) codes() bool {
	if !z.need(14) {
		return false
	}
	nlit, ndist, nlen := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if nlit > 286 || ndist > 30 {
		return false
	}
	var first [19]uint8
	for _, i := range codeOrder[:nlen] {
		if !z.need(3) {
			return false
		}
		first[i] = uint8(z.take(3))
	}
	all := z.lengths[:nlit+ndist]
	return z.lens.build(lenRoot, first[:], lenMeans[:]) && z.readLengths(all) &&
		z.lit.build(litRoot, all[:nlit], litMeans[:]) && z.dist.build(distRoot, all[nlit:], distMeans[:])
}

// readLengths reads the lengths of two codes, one behind the other.
func (z *inflater) readLengths(p []uint8) bool {
	for i := 0; i < len(p); {
		z.need(14) // or what there is
		e, n := z.lens.look(z.bits)
		if e.kind() == huffBad || n > z.nb {
			return false
		}
		z.take(n)
		what, times, more := uint8(e.value()), 1, uint(0)
		switch what {
		case 16:
			if i == 0 {
				return false
			}
			what, times, more = p[i-1], 3, 2
		case 17:
			what, times, more = 0, 3, 3
		case 18:
			what, times, more = 0, 11, 7
		}
		if more > z.nb {
			return false
		}
		times += int(z.take(more))
		if times > len(p)-i {
			return false
		}
		for range times {
			p[i] = what
			i++
		}
	}
	return true
}
