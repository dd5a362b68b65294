package form

import "bytes"

// IsEncoded reports whether AppendDecoded may change p.
func IsEncoded(p []byte) bool { return IsEscaped(p) || bytes.IndexByte(p, '+') >= 0 }

// AppendDecoded appends the name or value p decoded: percent-encoding undone, and + a space. A malformed escape stands
// for itself. It appends len(p) bytes at most, and dst may be p[:0].
func AppendDecoded(dst, p []byte) []byte { return unescape(dst, p, true) }

// Is reports whether p decodes to plain, without decoding it to memory.
func Is(p []byte, plain string) bool {
	if !IsEncoded(p) {
		return string(p) == plain
	}
	n := 0
	for i := 0; i < len(p); n++ {
		var c byte
		if c, i = octet(p, i, true); n >= len(plain) || plain[n] != c {
			return false
		}
	}
	return n == len(plain)
}

// Lookup returns the value of the first pair of that name, still encoded, as a view of text; ok is false when there is
// none. It costs a pass over text up to there.
func Lookup(text []byte, name string) (value []byte, ok bool) {
	for len(text) > 0 {
		var pair, key []byte
		pair, text = cutPair(text)
		if key, value = divide(pair); len(pair) > 0 && Is(key, name) {
			return value, true
		}
	}
	return nil, false
}

// cutPair splits the first pair off text; it may be empty, which is none.
func cutPair(text []byte) (pair, rest []byte) {
	if i := bytes.IndexByte(text, '&'); i >= 0 {
		return text[:i:i], text[i+1:]
	}
	return text, nil
}

// divide splits a pair at its first equals sign.
func divide(pair []byte) (name, value []byte) {
	if i := bytes.IndexByte(pair, '='); i >= 0 {
		return pair[:i:i], pair[i+1:]
	}
	return pair, nil
}
