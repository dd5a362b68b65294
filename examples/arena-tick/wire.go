package main

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/ringwire/ringwire"
)

// What the server and page.html say to each other, little endian:
//
//	hello  1, 0, id u16                                    which dot is yours
//	state  2, 0, dots u16, tick u32, late µs u32, then of each dot
//	       id u16, x u16, y u16 (65535 is the field's width, height), player u8, hue u8
//	stats  3, 0, players u16, ticks, late ones, missed ones u32, lateness p50, p99, max µs u32
//	steer  x i8, y i8                                      the one message of the page's
const (
	helloMessage = 1 + iota
	stateMessage
	statsMessage
)

func appendHello(dst []byte, id uint16) []byte {
	return binary.LittleEndian.AppendUint16(append(dst, helloMessage, 0), id)
}

func appendState(dst []byte, w *world, tick uint32, late time.Duration) []byte {
	le, start, n := binary.LittleEndian, len(dst), 0
	dst = append(dst, stateMessage, 0, 0, 0)
	dst = le.AppendUint32(dst, tick)
	dst = le.AppendUint32(dst, micros(late))
	for id := range w.dots {
		d := &w.dots[id]
		if !d.live {
			continue
		}
		n++
		dst = le.AppendUint16(dst, uint16(id))
		dst = le.AppendUint16(dst, share(d.x, width))
		dst = le.AppendUint16(dst, share(d.y, height))
		player := byte(0)
		if d.pilot != nil {
			player = 1
		}
		dst = append(dst, player, byte(id*157)) // neighbours differ
	}
	le.PutUint16(dst[start+2:], uint16(n))
	return dst
}

func appendStats(dst []byte, players int, s *ringwire.TickStats) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint16(append(dst, statsMessage, 0), uint16(players))
	for _, n := range []uint64{s.Ticks, s.Late, s.Missed} {
		dst = le.AppendUint32(dst, uint32(n))
	}
	for _, d := range []time.Duration{s.Lateness.Quantile(0.5), s.Lateness.Quantile(0.99), s.Lateness.Max()} {
		dst = le.AppendUint32(dst, micros(d))
	}
	return dst
}

func parseSteer(p []byte) (x, y int8, ok bool) {
	if len(p) != 2 {
		return 0, 0, false
	}
	return int8(p[0]), int8(p[1]), true
}

func micros(d time.Duration) uint32 { return uint32(min(d.Microseconds(), math.MaxUint32)) }

// share is a coordinate as 16 bits of the field's size.
func share(at, size float32) uint16 { return uint16(min(max(at/size, 0), 1) * math.MaxUint16) }
