package world

import (
	"encoding/binary"
	"fmt"
)

// Opcodes, and the bits before and behind them (RFC 6455 §5.2). The framing here is the world's own, so that it
// does not share a mistake with the server's.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10

	finBit  = 0x80
	maskBit = 0x80
)

// appendFrame appends a client's frame: first is its first byte, and the payload goes out masked.
func appendFrame(dst []byte, first byte, key uint32, payload []byte) []byte {
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, first, maskBit|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, first, maskBit|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, first, maskBit|127), uint64(n))
	}
	dst = binary.BigEndian.AppendUint32(dst, key)
	for i, b := range payload {
		dst = append(dst, b^byte(key>>(24-8*(i%4))))
	}
	return dst
}

// frame reads a server's frames: whole messages in one frame each, and control frames.
type frame struct {
	head []byte // in the making
	op   byte
	size int
	at   int // bytes of the payload so far

	zips, zipped bool // its message may be compressed, and is
}

// begun reports that a part of a frame has come.
func (f *frame) begun() bool { return len(f.head) > 0 }

// known reports that the head is whole.
func (f *frame) known() bool { return len(f.head) >= 2 && len(f.head) == headLen(f.head[1]) }

// headLen is the length of a head of which the second byte is b.
func headLen(b byte) int {
	switch b & 127 {
	case 126:
		return 4
	case 127:
		return 10
	}
	return 2
}

// takeHead takes the next byte of the head.
func (f *frame) takeHead(b byte) (why string) {
	f.head = append(f.head, b)
	if !f.known() {
		return ""
	}
	h := f.head
	least := 0
	switch len(h) {
	case 2:
		f.size = int(h[1] & 127)
	case 4:
		f.size, least = int(binary.BigEndian.Uint16(h[2:])), 126
	default:
		f.size, least = int(binary.BigEndian.Uint64(h[2:])), 1<<16
	}
	f.zipped = f.zips && h[0]&rsv1 != 0
	switch f.op = h[0] & 15; {
	case h[0]&^15 != finBit && !f.zipped, h[0]&0xb0 != finBit, h[1]&maskBit != 0, f.zipped && f.op != opText && f.op != opBinary:
		return fmt.Sprintf("a frame that begins with %x", h)
	case f.size < least, f.op >= opClose && len(h) > 2:
		return fmt.Sprintf("a frame that says its length with %x", h)
	}
	return ""
}

// next is ready for another frame.
func (f *frame) next() { *f = frame{head: f.head[:0], zips: f.zips} }
