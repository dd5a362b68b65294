package coding

import "math"

// Limits bounds what a body may grow to. In each field 0 means the default and a negative value
// none. The value given to [Decoders.Get] must have passed [Limits.WithDefaults]; it is shared and
// never written.
type Limits struct {
	MaxSize  int64 // bytes after each coding was taken off; default 8 MiB; 413
	MaxRatio int   // bytes decoded for each byte of input; default 200; 413

	// RatioFloor is how many bytes may be decoded before MaxRatio counts: what is small does no
	// harm, and short texts of one letter are legal. Default 1 MiB; none means from the first byte on.
	RatioFloor int64
}

// WithDefaults returns l with every zero replaced by its default and every negative value by none.
func (l Limits) WithDefaults() Limits {
	switch {
	case l.MaxSize == 0:
		l.MaxSize = 8 << 20
	case l.MaxSize < 0:
		l.MaxSize = math.MaxInt64
	}
	switch {
	case l.MaxRatio == 0:
		l.MaxRatio = 200
	case l.MaxRatio < 0:
		l.MaxRatio = math.MaxInt
	}
	switch {
	case l.RatioFloor == 0:
		l.RatioFloor = 1 << 20
	case l.RatioFloor < 0:
		l.RatioFloor = 0
	}
	return l
}

// room is how many more bytes may be asked for: one beyond the limit, by which it shows.
func (l *Limits) room(out int64, want int) int {
	if left := l.MaxSize - out; left < int64(want) {
		return int(left) + 1
	}
	return want
}

// check judges a coding that made out bytes of in. What was received and not yet decoded counts
// in its favour, so that the ratio is a coarse measure, by some KiB of input.
func (l *Limits) check(in, out int64) *Error {
	switch {
	case out > l.MaxSize:
		return ErrTooLarge
	case out > l.RatioFloor && l.MaxRatio != math.MaxInt && out/int64(l.MaxRatio) > in:
		return ErrRatio
	}
	return nil
}
