package mem

import (
	"bytes"
	"errors"
	"io"
)

var errNegativeOffset = errors.New("mem: ReadAt: negative offset")

// ReadAt copies the bytes from off on into p and leaves them where they are. It returns
// io.EOF when there are fewer than len(p), as io.ReaderAt wants. It costs a step for each
// piece before off.
func (s *Segments) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errNegativeOffset
	}
	done := 0
	for nd := s.head; nd != nil && done < len(p); nd = nd.next {
		have := int64(nd.end - nd.off)
		if off >= have {
			off -= have
			continue
		}
		done += copy(p[done:], nd.view()[off:])
		off = 0
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// IndexByte returns where the first c at or after from is, -1 when there is none.
func (s *Segments) IndexByte(c byte, from int) int {
	base := 0
	for nd := s.head; nd != nil; nd = nd.next {
		v := nd.view()
		if skip := max(from-base, 0); skip < len(v) {
			if i := bytes.IndexByte(v[skip:], c); i >= 0 {
				return base + skip + i
			}
		}
		base += len(v)
	}
	return -1
}

// Index returns where the first sep at or after from begins, -1 when there is none; sep
// may lie across pieces. An empty sep is found at from. Whoever searches again after
// more bytes have come begins len(sep)-1 before the old end.
func (s *Segments) Index(sep []byte, from int) int {
	from = max(from, 0)
	if len(sep) == 0 {
		if from > s.n {
			return -1
		}
		return from
	}
	base := 0
	for nd := s.head; nd != nil; nd = nd.next {
		v := nd.view()
		if skip := max(from-base, 0); skip < len(v) {
			if i := indexIn(nd, v, skip, sep); i >= 0 {
				return base + i
			}
		}
		base += len(v)
	}
	return -1
}

// indexIn finds the first sep that begins in nd, at or after skip; v is nd's view.
func indexIn(nd *node, v []byte, skip int, sep []byte) int {
	if i := bytes.Index(v[skip:], sep); i >= 0 {
		return skip + i
	}
	for i := max(skip, len(v)-len(sep)+1); i < len(v); i++ { // those that go on in the next piece
		if bytes.HasPrefix(sep, v[i:]) && continues(nd.next, sep[len(v)-i:]) {
			return i
		}
	}
	return -1
}

// continues reports whether the bytes from nd on begin with p.
func continues(nd *node, p []byte) bool {
	for ; nd != nil && len(p) > 0; nd = nd.next {
		v := nd.view()
		n := min(len(v), len(p))
		if !bytes.Equal(v[:n], p[:n]) {
			return false
		}
		p = p[n:]
	}
	return len(p) == 0
}
