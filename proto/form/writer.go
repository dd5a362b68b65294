package form

import "github.com/ringwire/ringwire/mem"

// Writer appends pairs, encoded, to a mem.Writer, which stays the caller's: what is there already may be sent while
// more is appended. Call Init before use.
type Writer struct {
	out   *mem.Writer
	began bool
}

// Init begins a text that goes to out.
func (w *Writer) Init(out *mem.Writer) { *w = Writer{out: out} }

// Pair appends a pair.
func (w *Writer) Pair(name, value string) {
	w.name(name)
	encode(w.out, value)
}

// PairBytes is Pair with a value in bytes, which is copied.
func (w *Writer) PairBytes(name string, value []byte) {
	w.name(name)
	encode(w.out, value)
}

func (w *Writer) name(name string) {
	if w.began {
		_, _ = w.out.WriteString("&")
	}
	w.began = true
	encode(w.out, name)
	_, _ = w.out.WriteString("=")
}

// PairLen is how many bytes Pair appends for the pair alone; between two pairs there is one more.
func PairLen(name, value string) int { return EncodedLen(name) + 1 + EncodedLen(value) }

// encodeStep is how many bytes are encoded at a time: a reservation must lie in one lease.
const encodeStep = 1 << 10

func encode[T string | []byte](out *mem.Writer, p T) {
	for len(p) > 0 {
		n := min(len(p), encodeStep)
		out.Commit(len(AppendEncoded(out.Reserve(3*n), p[:n])))
		p = p[n:]
	}
}
