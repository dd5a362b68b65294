package multipart

const (
	charToken    = 1 << iota // tchar, RFC 9110 §5.6.2
	charValue                // what a header field may hold: no control characters but HTAB
	charBoundary             // bchars, RFC 2046 §5.1.1
	charSpecial              // tspecials, RFC 2045 §5.1
)

var chars = func() (t [256]uint8) {
	mark := func(class uint8, set string) {
		for i := range len(set) {
			t[set[i]] |= class
		}
	}
	const alnum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mark(charToken, alnum+"!#$%&'*+-.^_`|~")
	mark(charBoundary, alnum+"'()+_,-./:=? ")
	mark(charSpecial, `()<>@,;:\"/[]?=`)
	for c := range t {
		if c == '\t' || c >= ' ' && c != 0x7f {
			t[c] |= charValue
		}
	}
	return
}()

// scan returns where the first byte at or after i is that is not of the class.
func scan[T string | []byte](p T, i int, class uint8) int {
	for i < len(p) && chars[p[i]]&class != 0 {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// trim drops whitespace around p.
func trim(p []byte) []byte {
	for len(p) > 0 && isSpace(p[0]) {
		p = p[1:]
	}
	return trimEnd(p)
}

func trimEnd(p []byte) []byte {
	for len(p) > 0 && isSpace(p[len(p)-1]) {
		p = p[:len(p)-1]
	}
	return p
}

// is compares ASCII text without regard to case; lower must be in lower case.
func is(p []byte, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i, c := range p {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// beginsWith is the same for the beginning of p.
func beginsWith(p []byte, lower string) bool {
	return len(p) >= len(lower) && is(p[:len(lower)], lower)
}
