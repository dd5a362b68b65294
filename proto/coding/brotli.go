package coding

import (
	"io"

	"github.com/andybalholm/brotli"
)

// unbrotli takes br off (RFC 7932). The library allocates its window as the body turns out to need it, up
// to what the stream's header says, 16 MiB at most: the "large window" variant is not in the RFC and refused.
type unbrotli struct {
	r     *brotli.Reader
	asked bool
}

func newUnbrotli() codec { return &unbrotli{r: new(brotli.Reader)} }

func (z *unbrotli) reset(src io.Reader) {
	z.asked = false
	_ = z.r.Reset(src) // never fails
}

func (z *unbrotli) read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	if err == nil || err.Error() != "brotli: excessive input" { // it has no name
		return n, err
	}
	// The library says so, too, when the stream's last bits came in a piece of their own (v1.2.8).
	// Asked again it reads on, and finds the end, or something.
	if z.asked && n == 0 {
		return 0, ErrTrailing
	}
	z.asked = true
	return n, nil
}
