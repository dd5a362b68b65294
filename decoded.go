package ringwire

// Limits of decoded values, which lie in leases until the request ends.
const (
	decodedChunk = 512      // bytes of the first lease
	maxDecoded   = 64 << 10 // bytes of one request beyond which the collector is to care for them
)

// decode returns p without its percent-encoding. What it returned before stays where it is,
// because handlers hold views of it. A handler may ask again and again, and may run for
// days: what is kept for it until its end is bounded.
func (ex *exchange) decode(p []byte, plus bool) []byte {
	w := &ex.decoded
	if ex.worker != nil {
		w = &ex.worker.decoded
	}
	if len(p) > maxDecoded-w.Len() {
		return appendUnescaped(make([]byte, 0, len(p)), p, plus)
	}
	text := appendUnescaped(w.Reserve(len(p)), p, plus)
	w.Commit(len(text))
	return text[:len(text):len(text)] // what lies behind it is of nobody yet
}
