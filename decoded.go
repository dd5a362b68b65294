package ringwire

import "github.com/ringwire/ringwire/mem"

// Limits of decoded values, which lie in leases until the request ends.
const (
	decodedChunk = 512      // bytes of the first lease
	maxDecoded   = 64 << 10 // bytes of one request beyond which the collector is to care for them
)

// decode returns p as unescape decodes it. What it returned before stays where it is,
// because handlers hold views of it.
func (ex *exchange) decode(p []byte, unescape func(dst, p []byte) []byte) []byte {
	w := ex.textFor(len(p))
	if w == nil {
		return unescape(make([]byte, 0, len(p)), p)
	}
	return commitText(w, unescape(w.Reserve(len(p)), p))
}

// join copies n bytes in several pieces together, and keeps them like decode.
func (ex *exchange) join(n int, pieces func(yield func(p View) bool)) []byte {
	var text []byte
	w := ex.textFor(n)
	if w == nil {
		text = make([]byte, 0, n)
	} else {
		text = w.Reserve(n)
	}
	pieces(func(p View) bool { text = append(text, p...); return true })
	if w == nil {
		return text
	}
	return commitText(w, text)
}

// textFor is where n more bytes of text are kept until the request ends, nil if they are left to
// the collector: a handler may ask again and again, and may run for days.
func (ex *exchange) textFor(n int) *mem.Writer {
	w := &ex.decoded
	if ex.worker != nil {
		w = &ex.worker.decoded
	}
	if n > maxDecoded-w.Len() {
		return nil
	}
	return w
}

func commitText(w *mem.Writer, text []byte) []byte {
	w.Commit(len(text))
	return text[:len(text):len(text)] // what lies behind it is of nobody yet
}
