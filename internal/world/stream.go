package world

import "encoding/binary"

// Side says who sends.
type Side uint64

// The two sides of a connection.
const (
	FromClient Side = iota
	FromServer
)

// Key names the stream of bytes that belongs to one message of one connection.
func Key(conn, message int, side Side) uint64 {
	return mix(uint64(conn)<<24 ^ uint64(message)<<1 ^ uint64(side))
}

// mix is the finaliser of splitmix64: every bit of x changes half of the result's.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Fill writes the bytes of a stream from offset on.
func Fill(p []byte, key uint64, offset int64) {
	var word [8]byte
	for len(p) > 0 {
		binary.LittleEndian.PutUint64(word[:], mix(key+uint64(offset>>3)))
		n := copy(p, word[offset&7:])
		p, offset = p[n:], offset+int64(n)
	}
}

// Check tells at which byte p is not the stream from offset on, -1 if it is.
func Check(p []byte, key uint64, offset int64) int {
	for i := 0; i < len(p); {
		var word [8]byte
		at := offset + int64(i)
		binary.LittleEndian.PutUint64(word[:], mix(key+uint64(at>>3)))
		for _, b := range word[at&7:] {
			if i == len(p) {
				return -1
			}
			if p[i] != b {
				return i
			}
			i++
		}
	}
	return -1
}

// FillText is Fill for messages that must be UTF-8, and can be compressed: words of eight letters, of which there are 16.
func FillText(p []byte, key uint64, offset int64) {
	for i := range p {
		at := uint64(offset) + uint64(i)
		p[i] = 'a' + byte(mix(mix(key+at>>3)&15<<3|at&7)&15)
	}
}
