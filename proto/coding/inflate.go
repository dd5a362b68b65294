package coding

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/flate"
)

// inflater is what gzip and deflate have in common: RFC 1951, read bytewise, so that what
// follows the compressed data is still there.
type inflater struct {
	in  *bufio.Reader
	raw io.ReadCloser // a flate.Resetter
	buf [8]byte
}

func newInflater() inflater {
	in := bufio.NewReaderSize(nil, readBuffer)
	return inflater{in: in, raw: flate.NewReader(in)}
}

func (z *inflater) reset(src io.Reader) { z.in.Reset(src) }

// begin makes ready for compressed data.
func (z *inflater) begin() {
	_ = z.raw.(flate.Resetter).Reset(z.in, nil) // fails for bad options only
}

// bytes reads n bytes, up to 8, valid until the next call.
func (z *inflater) bytes(n int) ([]byte, error) {
	_, err := io.ReadFull(z.in, z.buf[:n])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return z.buf[:n], err
}

// skip reads over n bytes.
func (z *inflater) skip(n int) error {
	_, err := z.in.Discard(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// skipString reads over a string that ends with NUL.
func (z *inflater) skipString() error {
	for {
		switch c, err := z.in.ReadByte(); {
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil || c == 0:
			return err
		}
	}
}

// more tells whether there is input: nil, io.EOF, or why that cannot be told.
func (z *inflater) more() error {
	_, err := z.in.Peek(1)
	return err
}
