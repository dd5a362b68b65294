package coding

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// gunzip takes gzip off: one member or several (RFC 1952 §2.2). Members are read one by one, not by
// the library, so that what a member ends with goes out before the next has come, and nothing of a
// header is kept.
type gunzip struct {
	inflater
	inside  bool // a member's compressed data is being read
	members int
	sum     uint32 // of the member so far
	size    uint32 // bytes of the member so far, modulo 2^32
}

func newGunzip() codec { return &gunzip{inflater: newInflater()} }

func (z *gunzip) reset(src io.Reader) {
	z.inflater.reset(src)
	z.inside, z.members = false, 0
}

func (z *gunzip) read(p []byte) (int, error) {
	if !z.inside {
		if err := z.header(); err != nil {
			return 0, err
		}
		z.begin()
		z.inside, z.sum, z.size = true, 0, 0
	}
	n, err := z.raw.Read(p)
	z.sum = crc32.Update(z.sum, crc32.IEEETable, p[:n])
	z.size += uint32(n)
	if err == io.EOF {
		err = z.trailer()
	}
	return n, err
}

// Flags of a member's header (RFC 1952 §2.3.1); the highest three are reserved.
const (
	flagCRC      = 1 << 1
	flagExtra    = 1 << 2
	flagName     = 1 << 3
	flagComment  = 1 << 4
	flagReserved = 0xe0
)

// header reads over a member's header, or returns io.EOF when no member follows.
func (z *gunzip) header() error {
	if err := z.more(); err != nil {
		return err
	}
	for _, want := range []byte{0x1f, 0x8b} { // what is no member is told apart from half of one
		if c, err := z.bytes(1); err != nil {
			return err
		} else if c[0] != want {
			return z.noMember()
		}
	}
	fixed, err := z.bytes(8) // CM FLG MTIME(4) XFL OS
	if err != nil {
		return err
	}
	method, flags := fixed[0], fixed[1]
	if method != 8 || flags&flagReserved != 0 {
		return z.noMember()
	}
	return z.optional(flags)
}

func (z *gunzip) noMember() error {
	if z.members > 0 {
		return ErrTrailing
	}
	return ErrCorrupt
}

// optional reads over the fields that flags tell of, in their order.
func (z *gunzip) optional(flags byte) error {
	if flags&flagExtra != 0 {
		size, err := z.bytes(2)
		if err != nil {
			return err
		}
		if err := z.skip(int(binary.LittleEndian.Uint16(size))); err != nil {
			return err
		}
	}
	for _, flag := range []byte{flagName, flagComment} {
		if flags&flag != 0 {
			if err := z.skipString(); err != nil {
				return err
			}
		}
	}
	if flags&flagCRC != 0 {
		return z.skip(2)
	}
	return nil
}

// trailer ends a member: CRC32 and ISIZE.
func (z *gunzip) trailer() error {
	z.inside = false
	z.members++
	p, err := z.bytes(8)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(p) != z.sum || binary.LittleEndian.Uint32(p[4:]) != z.size {
		return ErrChecksum
	}
	return nil
}
