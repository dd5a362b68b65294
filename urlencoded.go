package ringwire

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

// validEscapes reports whether every % begins a percent-encoded octet (RFC 3986 §2.1).
func validEscapes(p []byte) bool {
	for {
		i := bytes.IndexByte(p, '%')
		if i < 0 {
			return true
		}
		if len(p) < i+3 || unhex[p[i+1]] == 0 || unhex[p[i+2]] == 0 {
			return false
		}
		p = p[i+3:]
	}
}

// appendUnescaped decodes percent-encoding, and + to a space in forms and queries. A
// malformed escape stands for itself.
func appendUnescaped(dst, p []byte, plus bool) []byte {
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '%' && i+2 < len(p) && unhex[p[i+1]] != 0 && unhex[p[i+2]] != 0:
			c = (unhex[p[i+1]]-1)<<4 | (unhex[p[i+2]] - 1)
			i += 2
		case c == '+' && plus:
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// needsUnescape reports whether appendUnescaped would change p.
func needsUnescape(p []byte, plus bool) bool {
	return bytes.IndexByte(p, '%') >= 0 || plus && bytes.IndexByte(p, '+') >= 0
}

// cutPair splits the first key=value off an application/x-www-form-urlencoded text.
func cutPair(p []byte) (key, value, rest []byte) {
	pair := p
	if i := bytes.IndexByte(p, '&'); i >= 0 {
		pair, rest = p[:i], p[i+1:]
	}
	if i := bytes.IndexByte(pair, '='); i >= 0 {
		return pair[:i], pair[i+1:], rest
	}
	return pair, nil, rest
}

// keyIs compares an encoded key with a plain name, without decoding to memory.
func keyIs(key []byte, name string) bool {
	if !needsUnescape(key, true) {
		return string(key) == name
	}
	n := 0
	for i := 0; i < len(key); i, n = i+1, n+1 {
		c := key[i]
		switch {
		case c == '%' && i+2 < len(key) && unhex[key[i+1]] != 0 && unhex[key[i+2]] != 0:
			c = (unhex[key[i+1]]-1)<<4 | (unhex[key[i+2]] - 1)
			i += 2
		case c == '+':
			c = ' '
		}
		if n >= len(name) || name[n] != c {
			return false
		}
	}
	return n == len(name)
}

// findValue returns the encoded value of the first pair with the given key.
func findValue(p []byte, name string) (value []byte, ok bool) {
	for len(p) > 0 {
		var key []byte
		if key, value, p = cutPair(p); keyIs(key, name) {
			return value, true
		}
	}
	return nil, false
}
