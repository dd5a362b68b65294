package ws

import (
	"github.com/klauspost/compress/flate"

	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
)

const (
	defaultLevel = 1

	// keptSent is how much of what was sent is kept for an encoder to begin with. It has to read it all before each
	// message: 4 KiB save almost as much as 32 do, in an eighth of the time.
	keptSent = 4 << 10
)

// kind is what one encoder can stand in for another of.
type kind struct {
	level int8  // 0 for small windows, for which there is one level only
	bits  uint8 // of the window
}

func kindOf(level int, bits uint8) kind {
	switch {
	case bits < maxWindow:
		return kind{bits: bits}
	case level <= 0:
		level = defaultLevel
	}
	return kind{int8(min(level, 9)), maxWindow}
}

// most is how many of a kind there may be. One would do, as it is never used by two at once; with several the connections
// that send most find theirs as they left it. Small windows are the peers' choice, so they get one each.
func (k kind) most() int {
	if k.bits < maxWindow {
		return 1
	}
	return 4
}

// encoder compresses. It has some 800 KiB, so connections share it: owner is whose context it still has.
type encoder struct {
	raw   *flate.Writer
	to    *mem.Writer
	kind  kind
	owner *compressor
	used  uint64 // when, by the clock of Codecs
}

func newEncoder(k kind) *encoder {
	e := &encoder{kind: k}
	if k.bits < maxWindow {
		e.raw, _ = flate.NewWriterWindow(e, 1<<k.bits) // fails for sizes that there are not
	} else {
		e.raw, _ = flate.NewWriter(e, int(k.level)) // likewise
	}
	return e
}

// Write is for the encoder's output.
func (e *encoder) Write(p []byte) (int, error) { return e.to.Write(p) }

// encode appends the compressed p without its end (RFC 7692 §7.2.1) to dst, or returns false when it is not smaller
// than p; dst then holds something. resume says that what raw has seen last is what the receiver has; else it has
// context.
func (e *encoder) encode(dst *mem.Writer, p, context []byte, resume bool) bool {
	before := dst.Len()
	e.to = dst
	if !resume {
		e.raw.ResetDict(e, context)
	}
	_, _ = e.raw.Write(p) // nothing fails, as nothing does in Write above
	_ = e.raw.Flush()
	e.to = nil
	dst.Truncate(dst.Len() - len(marker))
	return dst.Len()-before < len(p)
}

// encoder finds one for c: the one that c has used last if nobody else has since. Without c any will do.
func (cs *Codecs) encoder(k kind, c *compressor) (e *encoder, resume bool) {
	cs.clock++
	count := 0
	for _, x := range cs.encoders {
		if x.kind != k {
			continue
		}
		if c != nil && x.owner == c {
			x.used = cs.clock
			return x, true
		}
		count++
		if e == nil || e.owner != nil && (x.owner == nil || x.used < e.used) {
			e = x
		}
	}
	if e == nil || e.owner != nil && count < k.most() {
		e = newEncoder(k)
		cs.encoders = append(cs.encoders, e)
	}
	e.owner, e.used = c, cs.clock
	return e, c != nil && count > 0 && plant.On(plant.ContextOfOthers)
}

// Pack appends p to dst, compressed on its own without a context, for a frame that is made once for many connections:
// see AppendHeader, with RSV1 set, and Engine.AdmitFrame. window is the smallest that was agreed on with any of them
// for this side's, 0 is 15; level is as in Options. When the result is not smaller than p it returns false, and dst is as it
// was.
func (cs *Codecs) Pack(dst *mem.Writer, p []byte, window uint8, level int) bool {
	if window == 0 {
		window = maxWindow
	}
	before := dst.Len()
	e, _ := cs.encoder(kindOf(level, window), nil)
	if e.encode(dst, p, nil, false) {
		return true
	}
	dst.Truncate(before)
	return false
}
