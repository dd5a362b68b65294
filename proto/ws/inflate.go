package ws

import (
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
)

// marker is what is appended to a compressed message: what its sender has taken off (RFC 7692 §7.2.2).
const marker = "\x00\x00\xff\xff"

var markerBytes = []byte(marker)

const (
	ratioFloor = 1 << 20 // inflated bytes up to which Limits.Ratio does not count: repetitive data is honest, too

	// A block may be empty, and its codes take as long to make as some hundred bytes take to inflate. So many are free,
	// as many as a sender makes who flushes each of 1024 fragments, and one more for each blockEvery bytes that came:
	// compressors make one in some KiB, those with the least memory one in some 150 bytes.
	blocksFree = 2048
	blockEvery = 128

	farthest = 32 << 10 // how far back can be referred to (RFC 1951 §3.2.5)
	longest  = 258      // the most bytes that one symbol makes
)

// inflater inflates one message at a time; one serves all connections of a loop. It runs when all of the message is
// there, which Limits bounds.
//
// Invariant: buf[:w] is what may be referred to, the last byte last: what was said before, then what was made. From f on it
// was not yet written to dst. Between two symbols there is room for the longest, w ≤ len(buf)-longest.
type inflater struct {
	// The input: bits that were taken of it, the first lowest, and what comes behind them. Above the first nb, bits may
	// hold some that will be taken again.
	bits  uint64
	nb    uint
	in    []byte        // the rest of a piece
	src   *mem.Segments // behind it
	piece int           // bytes of src that in is of
	given int           // bytes that in has had, in all
	all   int           // bytes of the message

	blocks int // that may still begin

	dst  *mem.Segments
	b    bounds
	made int // bytes written to dst
	w, f int

	lit, dist, lens huffman
	buf             [2 * farthest]byte
	litTable        [litTable]huffEntry
	distTable       [distTable]huffEntry
	lenTable        [lenTable]huffEntry
	lengths         [286 + 30]uint8
}

func newInflater() *inflater {
	z := &inflater{}
	z.lit.table, z.dist.table, z.lens.table = z.litTable[:], z.distTable[:], z.lenTable[:]
	return z
}

// inflate appends to dst what src is, one whole message, and empties src. past is what src may refer to; when keep is set,
// so may the next message to this one. Its errors are those of a codec.
func (z *inflater) inflate(dst, src *mem.Segments, past *history, keep bool, b bounds) *Error {
	z.bits, z.nb, z.in, z.piece, z.given, z.made = 0, 0, nil, 0, 0, 0
	z.dst, z.src, z.b, z.all = dst, src, b, src.Len()
	z.blocks = blocksFree + z.all/blockEvery
	z.w = copy(z.buf[:], past.view())
	z.f = z.w
	err := z.message()
	if err == nil {
		err = z.flush()
	}
	if err == nil && keep {
		past.pushEnd(dst, z.made)
	}
	z.in, z.dst, z.src, z.b = nil, nil, nil, bounds{}
	src.Release()
	return err
}

// message reads block after block, up to the one that ends the message: an empty one without compression, most of which is
// marker, or a final one, behind which nothing came (RFC 7692 §7.2.3.4).
func (z *inflater) message() *Error {
	for {
		if z.blocks--; z.blocks < 0 {
			return ErrTooManyBlocks
		}
		if !z.need(3) {
			return ErrDeflate
		}
		head := z.take(3)
		begun := z.at()
		empty, err := z.block(head >> 1)
		if err != nil {
			return err
		}
		end := z.at()
		switch final := head&1 == 1; {
		case final && (end == z.all || end == z.all+len(marker)):
			return nil
		case final && end > z.all:
			return ErrDeflate
		case final: // another one may follow, at the next byte
			z.take(z.nb & 7)
		case end == z.all+len(marker):
			if empty && begun == z.all {
				return nil
			}
			return ErrDeflate
		}
	}
}

// block reads a block of some type. empty tells of one without compression that it has no bytes.
func (z *inflater) block(kind uint64) (empty bool, err *Error) {
	switch kind {
	case 0:
		return z.stored()
	case 1:
		return false, z.symbols(fixedLit, fixedDist)
	case 2:
		if !z.codes() {
			return false, ErrDeflate
		}
		return false, z.symbols(&z.lit, &z.dist)
	}
	return false, ErrDeflate
}

// at is the first byte of the input of which no bit was used up.
func (z *inflater) at() int { return z.given - len(z.in) - int(z.nb/8) }

// next makes the next piece the input, at last marker, and reports whether there was one.
func (z *inflater) next() bool {
	z.src.Discard(z.piece)
	z.piece = 0
	switch p := z.src.First(); {
	case p != nil:
		z.in, z.piece = p, len(p)
	case z.given == z.all:
		z.in = markerBytes
	default:
		return false
	}
	z.given += len(z.in)
	return true
}

// need takes bytes until there are n bits, up to 56. It reports false when the input ends before.
func (z *inflater) need(n uint) bool {
	for z.nb < n {
		if len(z.in) == 0 && !z.next() {
			return false
		}
		if len(z.in) == 0 {
			continue
		}
		z.bits |= uint64(z.in[0]) << z.nb
		z.in = z.in[1:]
		z.nb += 8
	}
	return true
}

// take is the next n bits, which are there.
func (z *inflater) take(n uint) uint64 {
	v := z.bits & (1<<n - 1)
	z.bits >>= n
	z.nb -= n
	return v
}

// stored copies a block without compression (RFC 1951 §3.2.4).
func (z *inflater) stored() (empty bool, err *Error) {
	z.take(z.nb & 7)
	if !z.need(32) {
		return false, ErrDeflate
	}
	n := int(z.take(16))
	if int(z.take(16)) != n^0xffff {
		return false, ErrDeflate
	}
	empty = n == 0
	for ; n > 0 && z.nb > 0; n-- { // whole bytes
		z.buf[z.w] = byte(z.take(8))
		if z.w++; z.w > len(z.buf)-longest {
			if err := z.flush(); err != nil {
				return false, err
			}
		}
	}
	for n > 0 {
		z.bits = 0 // the bytes from here on come directly
		if len(z.in) == 0 && !z.next() {
			return false, ErrDeflate
		}
		k := copy(z.buf[z.w:len(z.buf)-longest+1], z.in[:min(n, len(z.in))])
		z.in, z.w, n = z.in[k:], z.w+k, n-k
		if z.w > len(z.buf)-longest {
			if err := z.flush(); err != nil {
				return false, err
			}
		}
	}
	return empty, nil
}

// flush writes what was made to dst, unless that is above a limit, and makes room for more.
func (z *inflater) flush() *Error {
	p := z.buf[z.f:z.w]
	z.made += len(p)
	switch {
	case z.made > z.b.max && !plant.On(plant.BombTaken):
		return ErrMessageTooLarge
	case z.made > ratioFloor && z.made/z.b.ratio > z.all:
		return ErrRatio
	case z.b.text != nil && !z.b.text.write(p):
		return ErrUTF8
	}
	z.dst.AppendCopy(p)
	if z.w > len(z.buf)-longest {
		z.w = copy(z.buf[:], z.buf[z.w-farthest:z.w])
	}
	z.f = z.w
	return nil
}
