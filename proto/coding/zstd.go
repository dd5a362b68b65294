package coding

import (
	"io"

	"github.com/klauspost/compress/zstd"
)

// unzstd takes zstd off: frames, one or several, and skippable ones (RFC 8878 §3.1).
type unzstd struct {
	r   *zstd.Decoder
	out bool // something was decoded
}

// maxWindow is how large a window the content coding may have (RFC 9659 §3).
const maxWindow = 8 << 20

func newUnzstd() codec {
	r, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1), // no goroutines
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		panic("coding: " + err.Error()) // of the options above
	}
	return &unzstd{r: r}
}

func (z *unzstd) reset(src io.Reader) {
	z.out = false
	_ = z.r.Reset(src) // fails after Close only
}

func (z *unzstd) read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	z.out = z.out || n > 0
	switch err {
	case zstd.ErrWindowSizeExceeded, zstd.ErrDecoderSizeExceeded:
		err = ErrWindow
	case zstd.ErrUnknownDictionary:
		err = ErrDictionary
	case zstd.ErrCRCMismatch:
		err = ErrChecksum
	case zstd.ErrMagicMismatch:
		if z.out {
			err = ErrTrailing
		}
	}
	return n, err
}
