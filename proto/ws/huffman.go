package ws

// huffman is a decoding table for one code (RFC 1951 §3.2.2): the next root bits of the input are an index into its
// first part. Codes that are longer go on in a part of their own.
type huffman struct {
	root  uint
	table []huffEntry // as large as any code needs it
}

// huffEntry is what a code stands for: in bits 0 to 3 how many bits are used up, then the kind, in bits 8 to 12 a number
// of bits that follow, in the upper half a value.
type huffEntry uint32

const (
	huffLiteral huffEntry = iota << 4 // value: a byte, or a symbol
	huffBase                          // value: a length or a distance, to which the bits that follow are added
	huffEnd                           // of the block
	huffMore                          // value: where the other part begins, with so many bits of index
	huffBad                           // no code
	huffKind    huffEntry = 7 << 4
)

func (e huffEntry) size() uint      { return uint(e & 15) }
func (e huffEntry) kind() huffEntry { return e & huffKind }
func (e huffEntry) extra() uint     { return uint(e >> 8 & 31) }
func (e huffEntry) value() int      { return int(e >> 16) }

const (
	litRoot, litTable   = 10, 1334 // the most that 286 symbols of up to 15 bits can need
	distRoot, distTable = 8, 402   // of 30
	lenRoot, lenTable   = 7, 128   // 19 of up to 7 bits
	maxCode             = 15
)

// look is the entry that v, the next bits of the input, begin with, and how many bits the code has.
func (h *huffman) look(v uint64) (huffEntry, uint) {
	e := h.table[v&(1<<h.root-1)]
	if e.kind() != huffMore {
		return e, e.size()
	}
	e = h.table[uint64(e.value())+v>>h.root&(1<<e.extra()-1)]
	return e, h.root + e.size()
}

// build makes the table of the code with these lengths; means gives what symbols stand for. It reports whether
// they are a code: complete, of a single symbol with one bit, or empty.
func (h *huffman) build(root uint, lengths []uint8, means []huffEntry) bool {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	used := len(lengths) - count[0]
	count[0] = 0
	longest, left := uint(0), 1
	for n := 1; n <= maxCode; n++ {
		if left = left<<1 - count[n]; left < 0 {
			return false
		}
		if count[n] > 0 {
			longest = uint(n)
		}
	}
	if left > 0 && used > 0 && (used > 1 || longest > 1) {
		return false
	}
	h.root = max(min(root, longest), 1)
	if left > 0 {
		h.table[0], h.table[1] = huffBad|1, huffBad|1
	}
	var sorted [288]uint16
	var at [maxCode + 2]int
	for n := 1; n <= maxCode; n++ {
		at[n+1] = at[n] + count[n]
	}
	for s, n := range lengths {
		if n > 0 {
			sorted[at[n]] = uint16(s)
			at[n]++
		}
	}
	h.fill(sorted[:used], lengths, means, &count, longest)
	return true
}

// fill enters the symbols, which come in the order of their codes.
func (h *huffman) fill(sorted []uint16, lengths []uint8, means []huffEntry, count *[maxCode + 1]int, longest uint) {
	part := h.table[:1<<h.root] // that is being filled
	end := len(part)
	drop := uint(0) // bits that stand for part itself
	prefix := -1    // those bits
	code := uint(0) // first bit lowest
	for _, s := range sorted {
		n := uint(lengths[s])
		if low := int(code & (1<<h.root - 1)); n > h.root && low != prefix {
			size := n - h.root
			for room := 1 << size; size+h.root < longest; {
				if room -= count[size+h.root]; room <= 0 {
					break
				}
				room <<= 1
				size++
			}
			h.table[low] = huffMore | huffEntry(h.root) | huffEntry(size)<<8 | huffEntry(end)<<16
			part = h.table[end : end+1<<size]
			end += len(part)
			drop, prefix = h.root, low
		}
		e := means[s] | huffEntry(n-drop)
		for i := int(code >> drop); i < len(part); i += 1 << (n - drop) {
			part[i] = e
		}
		count[n]--
		// The next code: one is added at the end whose bits come last.
		top := uint(1) << (n - 1)
		for code&top != 0 {
			top >>= 1
		}
		code = code&(top-1) + top
		if top == 0 {
			code = 0
		}
	}
}

// What the symbols of the three codes stand for (RFC 1951 §3.2.5, §3.2.7), and the codes of blocks that bring
// none (§3.2.6).
var (
	litMeans, distMeans, lenMeans = meanings()
	fixedLit, fixedDist           = fixedTables()
)

func meanings() (lit [288]huffEntry, dist [32]huffEntry, lens [19]huffEntry) {
	for i := range lit {
		switch {
		case i < 256:
			lit[i] = huffLiteral | huffEntry(i)<<16
		case i == 256:
			lit[i] = huffEnd
		case i == 285:
			lit[i] = huffBase | 258<<16
		case i < 285:
			lit[i] = basis(i-257, 4, 3)
		default:
			lit[i] = huffBad
		}
	}
	for i := range dist {
		if dist[i] = basis(i, 2, 1); i > 29 {
			dist[i] = huffBad
		}
	}
	for i := range lens {
		lens[i] = huffLiteral | huffEntry(i)<<16
	}
	return lit, dist, lens
}

// basis is the i-th symbol of numbers from least on, of which each group of so many has one bit more than the last.
func basis(i, group, least int) huffEntry {
	if i < 2*group {
		return huffBase | huffEntry(least+i)<<16
	}
	extra := i/group - 1
	return huffBase | huffEntry(extra)<<8 | huffEntry(least+(group+i%group)<<extra)<<16
}

func fixedTables() (lit, dist *huffman) {
	var l [288]uint8
	for i := range l {
		switch {
		case i >= 144 && i < 256:
			l[i] = 9
		case i >= 256 && i < 280:
			l[i] = 7
		default:
			l[i] = 8
		}
	}
	d := [32]uint8{}
	for i := range d {
		d[i] = 5
	}
	lit, dist = &huffman{table: make([]huffEntry, 1<<9)}, &huffman{table: make([]huffEntry, 1<<5)}
	if !lit.build(9, l[:], litMeans[:]) || !dist.build(5, d[:], distMeans[:]) {
		panic("ws: the fixed codes are no codes")
	}
	return lit, dist
}
