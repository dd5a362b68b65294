package form

import "bytes"

// unhex maps a hexadecimal digit to its value + 1, everything else to 0.
var unhex = func() (t [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c - '0' + 1
	}
	for c := byte('a'); c <= 'f'; c++ {
		t[c], t[c-'a'+'A'] = c-'a'+11, c-'a'+11
	}
	return
}()

// ValidEscapes reports whether every % in p begins a percent-encoded octet (RFC 3986 §2.1).
func ValidEscapes(p []byte) bool {
	for {
		i := bytes.IndexByte(p, '%')
		if i < 0 {
			return true
		}
		if !escapeAt(p, i) {
			return false
		}
		p = p[i+3:]
	}
}

// escapeAt reports whether the % at p[i] begins a percent-encoded octet.
func escapeAt(p []byte, i int) bool {
	return i+2 < len(p) && unhex[p[i+1]] != 0 && unhex[p[i+2]] != 0
}

// octet decodes p[i], which may begin an escape, and returns where the next begins.
func octet(p []byte, i int, plus bool) (c byte, next int) {
	switch c = p[i]; {
	case c == '%' && escapeAt(p, i):
		return (unhex[p[i+1]]-1)<<4 | (unhex[p[i+2]] - 1), i + 3
	case c == '+' && plus:
		c = ' '
	}
	return c, i + 1
}

// IsEscaped reports whether AppendUnescaped may change p.
func IsEscaped(p []byte) bool { return bytes.IndexByte(p, '%') >= 0 }

// AppendUnescaped appends p with its percent-encoding undone, as for a path: a plus stays one. A malformed escape
// stands for itself. It appends len(p) bytes at most, and dst may be p[:0].
func AppendUnescaped(dst, p []byte) []byte { return unescape(dst, p, false) }

func unescape(dst, p []byte, plus bool) []byte {
	for i := 0; i < len(p); {
		var c byte
		c, i = octet(p, i, plus)
		dst = append(dst, c)
	}
	return dst
}
