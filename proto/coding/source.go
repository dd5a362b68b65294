package coding

import (
	"io"

	"github.com/ringwire/ringwire/mem"
)

// source is where the lowest layer reads: segments that others append to, or a reader that waits.
type source struct {
	segs  *mem.Segments
	from  io.Reader
	ended bool
	yield func(bool) bool // in the coroutine: false says that input is missing; it returns when there is more
}

func (s *source) Read(p []byte) (int, error) {
	if s.from != nil {
		return s.from.Read(p)
	}
	for s.segs.Len() == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if !s.yield(false) {
			return 0, errStopped
		}
	}
	return s.segs.Read(p)
}

// waits reports whether s has all its input, or gets it by itself.
func (s *source) waits() bool { return s.ended || s.from != nil }
