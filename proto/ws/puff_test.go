package ws

import "errors"

// puff is an inflater that is as simple as can be: the oracle for the one that is used. It reads one message as
// RFC 7692 §7.2.2 says and notes how far back it refers.
type puff struct {
	in       []byte
	bit      int    // of in, the next one
	out      []byte // past, and what was made of in
	past     int
	farthest int // distance
}

var errPuff = errors.New("not deflate data")

// inflate returns what the message p is, after past.
func (z *puff) inflate(p, past []byte) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != errPuff {
				panic(r)
			}
			out, err = nil, errPuff
		}
	}()
	*z = puff{in: append(append([]byte{}, p...), marker...), out: append([]byte{}, past...), past: len(past)}
	for {
		final := z.bits(1) == 1
		before := z.bit
		empty := false
		switch z.bits(2) {
		case 0:
			empty = z.stored() == 0
		case 1:
			z.block(fixedCodes())
		case 2:
			z.block(z.dynamicCodes())
		default:
			panic(errPuff)
		}
		end := (z.bit + 7) / 8
		switch {
		case final && (end == len(p) || end == len(z.in)):
			return z.out[z.past:], nil
		case final && end > len(p):
			panic(errPuff)
		case final:
			z.bit = end * 8
		case end == len(z.in) && empty && (before+2+7)/8 == len(p):
			return z.out[z.past:], nil
		case end == len(z.in):
			panic(errPuff)
		}
	}
}

func (z *puff) bits(n int) (v int) {
	for i := range n {
		if z.bit == 8*len(z.in) {
			panic(errPuff)
		}
		v |= int(z.in[z.bit/8]>>(z.bit%8)&1) << i
		z.bit++
	}
	return v
}

func (z *puff) stored() int {
	z.bit = (z.bit + 7) &^ 7
	n, inverse := z.bits(16), z.bits(16)
	if n != inverse^0xffff || n > len(z.in)-z.bit/8 {
		panic(errPuff)
	}
	z.out = append(z.out, z.in[z.bit/8:][:n]...)
	z.bit += 8 * n
	return n
}

// codes maps a code, with a one in front, to what it stands for.
type codes map[int]int

func codesOf(lengths []int) codes {
	cs := codes{}
	code, left, count := 0, 1<<15, 0
	for length := 1; length <= 15; length++ {
		code <<= 1
		for symbol, n := range lengths {
			if n == length {
				cs[1<<length|code] = symbol
				code++
				count++
				left -= 1 << (15 - length)
			}
		}
	}
	// Complete, or none at all, or one of one bit, which zlib makes.
	if _, one := cs[2]; left != 0 && count > 0 && !(count == 1 && one) {
		panic(errPuff)
	}
	return cs
}

func (z *puff) symbol(cs codes) int {
	for code := 1; code < 1<<15; {
		code = code<<1 | z.bits(1)
		if s, ok := cs[code]; ok {
			return s
		}
	}
	panic(errPuff)
}

func fixedCodes() (lit, dist codes) {
	var l [288]int
	for i := range l {
		switch {
		case i < 144:
			l[i] = 8
		case i < 256:
			l[i] = 9
		case i < 280:
			l[i] = 7
		default:
			l[i] = 8
		}
	}
	var d [32]int
	for i := range d {
		d[i] = 5
	}
	return codesOf(l[:]), codesOf(d[:])
}

func (z *puff) dynamicCodes() (lit, dist codes) {
	nlit, ndist, nlen := z.bits(5)+257, z.bits(5)+1, z.bits(4)+4
	if nlit > 286 || ndist > 30 {
		panic(errPuff)
	}
	var lens [19]int
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:nlen] {
		lens[i] = z.bits(3)
	}
	cs := codesOf(lens[:])
	var l []int
	for len(l) < nlit+ndist {
		what, times := z.symbol(cs), 1
		switch what {
		case 16:
			if len(l) == 0 {
				panic(errPuff)
			}
			what, times = l[len(l)-1], 3+z.bits(2)
		case 17:
			what, times = 0, 3+z.bits(3)
		case 18:
			what, times = 0, 11+z.bits(7)
		}
		for range times {
			l = append(l, what)
		}
	}
	if len(l) > nlit+ndist {
		panic(errPuff)
	}
	return codesOf(l[:nlit]), codesOf(l[nlit:])
}

func (z *puff) block(lit, dist codes) {
	for {
		s := z.symbol(lit)
		switch {
		case s < 256:
			z.out = append(z.out, byte(s))
			continue
		case s == 256:
			return
		case s > 285:
			panic(errPuff)
		}
		length := z.extra(s-257, 4, 3)
		d := z.symbol(dist)
		if d > 29 {
			panic(errPuff)
		}
		back := z.extra(d, 2, 1)
		if back > len(z.out) {
			panic(errPuff)
		}
		z.farthest = max(z.farthest, back)
		for range length {
			z.out = append(z.out, z.out[len(z.out)-back])
		}
	}
}

// extra is what the i-th symbol and its extra bits stand for: the numbers from least on, of which a group of so many
// symbols has one bit more than the last one (RFC 1951 §3.2.5).
func (z *puff) extra(i, group, least int) int {
	if i < 2*group {
		return least + i
	}
	if i == 28 && group == 4 {
		return 258 // no extra bits
	}
	n := i/group - 1
	return least + (group+i%group)<<n + z.bits(n)
}
