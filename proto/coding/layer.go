package coding

import "io"

// codec takes one coding off. It pulls from the reader given to reset, which a nil one makes it
// forget. Its reads may return bytes together with an error.
type codec interface {
	reset(src io.Reader)
	read(p []byte) (int, error)
}

// layer is one coding of a body: a codec with its limits and its account. What it reads is the
// layer below, or the source.
type layer struct {
	codec codec
	below io.Reader
	lim   *Limits
	in    int64 // bytes taken from below
	out   int64 // bytes made of them
	ended error // how below ended
	err   error // how this ended: from then on nothing is read
}

// open puts l on top of below.
func (l *layer) open(below io.Reader, lim *Limits) {
	l.below, l.lim = below, lim
	l.codec.reset((*intake)(l))
}

// reset forgets the body, wherever in it l is.
func (l *layer) reset() {
	l.codec.reset(nil)
	*l = layer{codec: l.codec}
}

// Read returns decoded bytes or an error, never both.
func (l *layer) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for l.err == nil {
		n, err := l.codec.read(p[:l.lim.room(l.out, len(p))])
		l.out += int64(n)
		if over := l.lim.check(l.in, l.out); over != nil {
			l.err = over
			break
		}
		if err != nil {
			l.err = l.reason(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, l.err
}

// reason is what the error of a codec means.
func (l *layer) reason(err error) error {
	if l.ended != nil && l.ended != io.EOF {
		return l.ended // it is not this coding that failed
	}
	if l.ended == io.EOF && l.in == 0 {
		return io.EOF // a body of no bytes is empty, whatever was said of it
	}
	switch err := err.(type) {
	case *Error:
		return err
	default:
		if err == io.EOF {
			return err
		}
	}
	if err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return ErrCorrupt
}

// intake is the layer as its codec sees it: what it reads from. It gives little at a time: what a
// codec has read ahead counts as decoded when the ratio is judged.
type intake layer

// readBuffer is how much that is at most.
const readBuffer = 4 << 10

func (l *intake) Read(p []byte) (int, error) {
	if l.ended != nil {
		return 0, l.ended
	}
	n, err := l.below.Read(p[:min(len(p), readBuffer)])
	l.in += int64(n)
	l.ended = err
	return n, err
}
