package world

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// zip is permessage-deflate (RFC 7692) as a WebSocket's client speaks it, by compress/flate.
type zip struct {
	w             *World
	rng           *rand.Rand // its own: a client that offers nothing is the same one
	offer, answer string     // of extensions, and the only one that is right
	kept          bool       // the client's messages may refer to those before

	// last is what compressed the last one. Clients share it: one makes all its messages before the next is made, and
	// before the server has answered.
	last *flate.Writer

	keeps  bool // so may the server's
	window int  // of which so many bytes count
	past   []byte
	in     []byte // of a message that comes
}

// Deflate is how the server is to compress its WebSockets' messages.
type Deflate struct {
	KeepContext      bool
	Threshold, Level int
}

// rsv1 marks a message's first frame when it is compressed (RFC 7692 §6).
const rsv1 = 0x40

// tail is what a sender takes off a compressed message (RFC 7692 §7.2.1).
const tail = "\x00\x00\xff\xff"

// levels of compress/flate: without a choice of matches, quick, thorough, and not at all.
var levels = []int{flate.HuffmanOnly, 1, 6, flate.NoCompression}

// newZip gives one to one client in three, to the others nil.
func newZip(c *client) *zip {
	w, d := c.w, c.w.plan.Deflate
	r := newRand(w.spec.Seed, 1<<36+uint64(c.n))
	if d == nil || r.IntN(3) > 0 || c.end == endStall { // who stalls wants more than goes out at once
		return nil
	}
	z := &zip{w: w, rng: r, kept: d.KeepContext, keeps: d.KeepContext, window: 32 << 10}
	offer, answer := "permessage-deflate", "permessage-deflate"
	if r.IntN(4) == 0 {
		offer += "; client_no_context_takeover"
		z.kept = false
	}
	if r.IntN(4) == 0 {
		offer += "; server_no_context_takeover"
		z.keeps = false
	}
	if !z.keeps {
		answer += "; server_no_context_takeover"
	}
	if !z.kept {
		answer += "; client_no_context_takeover"
	}
	if r.IntN(4) == 0 {
		bits := 9 + r.IntN(7)
		z.window = 1 << bits
		limit := fmt.Sprintf("; server_max_window_bits=%d", bits)
		offer, answer = offer+limit, answer+limit
	}
	if r.IntN(4) == 0 {
		offer += "; client_max_window_bits" // of which the server has no wish
	}
	if r.IntN(8) == 0 {
		offer = "x-unknown; of=\"this\", " + offer
	}
	z.offer, z.answer = offer, answer
	return z
}

// deflate compresses a message, of which it may make several blocks.
func (z *zip) deflate(p []byte) []byte {
	out := &z.w.zips.out
	out.Reset()
	if z.last == nil || !z.kept {
		z.last = z.w.zips.writer(levels[z.rng.IntN(len(levels))])
	}
	for len(p) > 0 && z.rng.IntN(3) == 0 {
		n := z.rng.IntN(len(p) + 1)
		_, _ = z.last.Write(p[:n])
		p = p[n:]
		_ = z.last.Flush()
	}
	_, _ = z.last.Write(p)
	z.w.stats.Deflated++
	if !z.kept && z.rng.IntN(4) == 0 { // a last block, and an empty one behind it (RFC 7692 §7.2.3.4)
		_ = z.last.Close()
		return append(bytes.Clone(out.Bytes()), 0)
	}
	_ = z.last.Flush()
	return bytes.Clone(bytes.TrimSuffix(out.Bytes(), []byte(tail)))
}

// inflate gives the message that has come, valid until the next. why says what is wrong with it.
func (z *zip) inflate() (p []byte, why string) {
	zips := &z.w.zips
	src := io.MultiReader(bytes.NewReader(z.in), strings.NewReader(tail+"\x01\x00\x00\xff\xff"))
	r := zips.reader(src, z.past)
	zips.out.Reset()
	_, err := zips.out.ReadFrom(io.LimitReader(r, 2*MaxMessage))
	n := len(z.in)
	z.in = z.in[:0]
	if err != nil {
		return nil, fmt.Sprintf("%d bytes cannot be inflated: %v", n, err)
	}
	p = zips.out.Bytes()
	if z.keeps {
		z.past = append(z.past, p...)
		z.past = append(z.past[:0], z.past[max(0, len(z.past)-z.window):]...)
	}
	z.w.stats.Inflated++
	return p, ""
}

// offend breaks a rule, and says with which code the server must close.
func (z *zip) offend(s *socket) (raw []byte, code uint16) {
	how := z.rng.IntN(6)
	if how == 3 && z.kept { // where it may refer to a message before
		how = 2
	}
	switch how {
	case 0: // the mark behind the first frame (RFC 7692 §6)
		return append(s.frame(opBinary, []byte("x")), s.frame(finBit|rsv1|opContinuation, nil)...), 1002
	case 1: // on a control frame
		return s.frame(finBit|rsv1|opPing, nil), 1002
	case 2: // a block of no type (RFC 1951 §3.2.3)
		return s.frame(finBit|rsv1|opBinary, []byte{7, 1, 2, 3}), 1007
	case 3: // a reference to before the first byte (§3.2.5): a fixed block of one
		return s.frame(finBit|rsv1|opBinary, []byte{0x03, 0x02, 0x00}), 1007
	case 4: // more than the server is to take
		return s.frame(finBit|rsv1|opBinary, z.deflate(make([]byte, MaxMessage+1+z.rng.IntN(1<<20)))), 1009
	}
	return s.frame(finBit|rsv1|opText, z.deflate([]byte("letters, and \xff"))), 1007
}

// zips is what a world's clients compress and inflate with.
type zips struct {
	out     bytes.Buffer
	writers map[int]*flate.Writer
	in      io.ReadCloser
}

func (z *zips) writer(level int) *flate.Writer {
	w := z.writers[level]
	if w == nil {
		if z.writers == nil {
			z.writers = map[int]*flate.Writer{}
		}
		w, _ = flate.NewWriter(&z.out, level) // the levels are known
		z.writers[level] = w
		return w
	}
	w.Reset(&z.out)
	return w
}

func (z *zips) reader(src io.Reader, past []byte) io.Reader {
	if z.in == nil {
		z.in = flate.NewReaderDict(src, past)
	} else {
		_ = z.in.(flate.Resetter).Reset(src, past) // which never fails
	}
	return z.in
}
