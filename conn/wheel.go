package conn

import "math/bits"

// A tick of the wheel is 2^22 ns, about 4.2 ms: deadlines are coarse by design,
// since a finer clock would wake an idle loop more often for nothing.
const (
	tickShift  = 22
	wheelSlots = 256
)

// wheel is a two-level timing wheel of connections, linked by slot number so that
// it costs no allocation and no pointer for the collector to follow. Level 0 spans
// about 1.1 s by the tick, level 1 about 4.6 min by the rotation; what lies
// further out waits in the last rotation and is placed again from there.
//
// Entries are lazy: a deadline that moves later stays where it is and is placed
// again when its bucket comes round, so that a busy connection never relinks.
type wheel struct {
	tick  int64 // every bucket up to and including this tick has been emptied
	n     int
	heads [2 * wheelSlots]uint32 // slot id + 1, 0 = empty
	bits  [2 * wheelSlots / 64]uint64
}

// timerLink is a connection's place in the wheel.
type timerLink struct {
	at         int64  // tick it is filed under, 0 = not in the wheel
	next, prev uint32 // slot id + 1
	bucket     uint16
}

func tickOf(at int64) int64 { return at>>tickShift + 1 }

// insert files c so that it comes up at the first tick at or after at.
func (w *wheel) insert(l *Loop, c *Conn, at int64) {
	w.place(l, c, max(tickOf(at), w.tick+1))
}

func (w *wheel) place(l *Loop, c *Conn, tick int64) {
	bucket := uint16(tick & (wheelSlots - 1))
	if tick-w.tick >= wheelSlots {
		rot := min(tick>>8, w.tick>>8+wheelSlots-1)
		bucket = uint16(wheelSlots + rot&(wheelSlots-1))
	}
	t := &c.timer
	t.at, t.bucket, t.prev, t.next = tick, bucket, 0, w.heads[bucket]
	if t.next != 0 {
		l.conn(t.next - 1).timer.prev = c.id + 1
	}
	w.heads[bucket] = c.id + 1
	w.bits[bucket>>6] |= 1 << (bucket & 63)
	w.n++
}

func (w *wheel) remove(l *Loop, c *Conn) {
	t := &c.timer
	if t.at == 0 {
		return
	}
	if t.next != 0 {
		l.conn(t.next - 1).timer.prev = t.prev
	}
	if t.prev != 0 {
		l.conn(t.prev - 1).timer.next = t.next
	} else if w.heads[t.bucket] = t.next; t.next == 0 {
		w.bits[t.bucket>>6] &^= 1 << (t.bucket & 63)
	}
	*t = timerLink{}
	w.n--
}

// advance empties every bucket up to now and calls due for each connection in
// them; due either fires or files the connection again.
func (w *wheel) advance(l *Loop, now int64, due func(*Loop, *Conn)) {
	target := now >> tickShift
	for w.tick < target {
		if w.n == 0 {
			w.tick = target
			return
		}
		w.tick++
		if w.tick&(wheelSlots-1) == 0 {
			w.drain(l, uint16(wheelSlots+(w.tick>>8)&(wheelSlots-1)), cascade)
		}
		w.drain(l, uint16(w.tick&(wheelSlots-1)), due)
	}
}

func (w *wheel) drain(l *Loop, bucket uint16, f func(*Loop, *Conn)) {
	for w.heads[bucket] != 0 {
		c := l.conn(w.heads[bucket] - 1)
		w.remove(l, c)
		f(l, c)
	}
}

// cascade files a connection of level 1 under its tick. The current tick is still
// allowed: its bucket is drained right after.
func cascade(l *Loop, c *Conn) {
	if at := c.deadline(); at != 0 {
		l.wheel.place(l, c, max(tickOf(at), l.wheel.tick))
	}
}

// next returns the time of the next bucket that is not empty, 0 when none is.
func (w *wheel) next() int64 {
	if w.n == 0 {
		return 0
	}
	best := int64(0)
	if d := nextBit(w.bits[:4], int(w.tick+1)&(wheelSlots-1)); d >= 0 {
		best = w.tick + 1 + int64(d)
	}
	if d := nextBit(w.bits[4:], int(w.tick>>8+1)&(wheelSlots-1)); d >= 0 {
		if t := (w.tick>>8 + 1 + int64(d)) << 8; best == 0 || t < best {
			best = t
		}
	}
	return best << tickShift
}

// nextBit returns the distance from position from to the next set bit, going
// round, or -1.
func nextBit(words []uint64, from int) int {
	for i := 0; i <= len(words); i++ {
		k := (from>>6 + i) % len(words)
		word := words[k]
		if i == 0 {
			word &= ^uint64(0) << (from & 63)
		}
		if word != 0 {
			return (k<<6 + bits.TrailingZeros64(word) - from + wheelSlots) & (wheelSlots - 1)
		}
	}
	return -1
}
