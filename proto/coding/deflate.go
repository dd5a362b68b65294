package coding

import (
	"encoding/binary"
	"hash"
	"hash/adler32"
	"io"
)

// unzlib takes deflate off, which is the zlib format (RFC 1950). Some senders leave that away and send
// raw RFC 1951 data (RFC 9110 §8.4.1.2 warns of them). The first two bytes tell: those of a zlib
// header are a multiple of 31, and as raw data they would begin an uncompressed block whose padding,
// which all encoders make of zeros, has ones in it.
type unzlib struct {
	inflater
	sum    hash.Hash32
	inside bool
	bare   bool // raw data, without header and checksum
	done   bool
}

func newUnzlib() codec { return &unzlib{inflater: newInflater(), sum: adler32.New()} }

func (z *unzlib) reset(src io.Reader) {
	z.inflater.reset(src)
	z.inside, z.done = false, false
}

func (z *unzlib) read(p []byte) (int, error) {
	if z.done {
		return 0, z.end()
	}
	if !z.inside {
		if err := z.header(); err != nil {
			return 0, err
		}
		z.begin()
		z.sum.Reset()
		z.inside = true
	}
	n, err := z.raw.Read(p)
	_, _ = z.sum.Write(p[:n])
	if err == io.EOF {
		z.done = true
		err = z.trailer()
	}
	return n, err
}

// Of a zlib header (RFC 1950 §2.2).
const (
	methodDeflate = 8
	flagDict      = 1 << 5
)

func (z *unzlib) header() error {
	h, err := z.in.Peek(2)
	if len(h) < 2 {
		if err == io.EOF && len(h) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	z.bare = h[0]&0x0f != methodDeflate || h[0]>>4 > 7 || binary.BigEndian.Uint16(h)%31 != 0
	if z.bare {
		return nil
	}
	if h[1]&flagDict != 0 {
		return ErrDictionary
	}
	return z.skip(2)
}

// trailer compares the checksum.
func (z *unzlib) trailer() error {
	if z.bare {
		return nil
	}
	p, err := z.bytes(4)
	if err == nil && binary.BigEndian.Uint32(p) != z.sum.Sum32() {
		return ErrChecksum
	}
	return err
}

// end makes sure that nothing follows.
func (z *unzlib) end() error {
	if err := z.more(); err != nil {
		return err
	}
	return ErrTrailing
}
