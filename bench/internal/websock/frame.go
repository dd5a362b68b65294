// Package websock is as much of WebSocket as the loads, the floor and the checks of this module need, written apart
// from ringwire's own: what measures a server must not share its mistakes. It knows whole binary messages in one frame
// and control frames, nothing else.
package websock

import (
	"encoding/binary"
	"errors"
)

// Opcodes, and the bits beside them in a frame's first byte (RFC 6455 §5.2).
const (
	Binary = 0x2
	Close  = 0x8
	Ping   = 0x9
	Pong   = 0xa

	Fin  = 0x80
	RSV1 = 0x40 // compressed (RFC 7692 §6)

	opcode = 0x0f
	mask   = 0x80 // of the second byte
)

// MaxHeader is the longest header: two bytes, a length of eight, a key of four.
const MaxHeader = 14

// Header is a frame's header. The zero key masks nothing.
type Header struct {
	First  byte // Fin, RSV1 and the opcode
	Masked bool
	Key    [4]byte
	Length int // of the payload
	Size   int // of the header itself
}

// Opcode is the frame's kind.
func (h *Header) Opcode() byte { return h.First & opcode }

// ErrLength is a payload of 2^31 bytes or more: nothing here sends one.
var ErrLength = errors.New("a frame of absurd length")

// Parse reads the header that p begins with; ok is false while it is incomplete.
func Parse(p []byte) (h Header, ok bool, err error) {
	if len(p) < 2 {
		return h, false, nil
	}
	h.First, h.Masked, h.Length, h.Size = p[0], p[1]&mask != 0, int(p[1]&^mask), 2
	switch {
	case h.Length == 126 && len(p) < 4, h.Length == 127 && len(p) < 10:
		return h, false, nil
	case h.Length == 126:
		h.Length, h.Size = int(binary.BigEndian.Uint16(p[2:])), 4
	case h.Length == 127:
		n := binary.BigEndian.Uint64(p[2:])
		if n >= 1<<31 {
			return h, false, ErrLength
		}
		h.Length, h.Size = int(n), 10
	}
	if h.Masked {
		if len(p) < h.Size+4 {
			return h, false, nil
		}
		h.Key = [4]byte(p[h.Size:])
		h.Size += 4
	}
	return h, true, nil
}

// AppendHeader appends the header of a payload of n bytes; a client gives a key.
func AppendHeader(dst []byte, first byte, n int, key *[4]byte) []byte {
	var masked byte
	if key != nil {
		masked = mask
	}
	switch {
	case n < 126:
		dst = append(dst, first, masked|byte(n))
	case n < 1<<16:
		dst = append(dst, first, masked|126, byte(n>>8), byte(n))
	default:
		dst = append(dst, first, masked|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	if key != nil {
		dst = append(dst, key[:]...)
	}
	return dst
}

// AppendMasked appends a client's frame with payload p.
func AppendMasked(dst []byte, first byte, p []byte, key [4]byte) []byte {
	dst = AppendHeader(dst, first, len(p), &key)
	at := len(dst)
	dst = append(dst, p...)
	Mask(key, dst[at:])
	return dst
}

// Mask masks p, or takes the mask off, from the key's first byte on (RFC 6455 §5.3).
func Mask(key [4]byte, p []byte) {
	k := uint64(binary.LittleEndian.Uint32(key[:]))
	k |= k << 32
	for len(p) >= 32 {
		for i := 0; i < 32; i += 8 {
			binary.LittleEndian.PutUint64(p[i:], binary.LittleEndian.Uint64(p[i:])^k)
		}
		p = p[32:]
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= key[i&3]
	}
}
