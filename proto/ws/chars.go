package ws

// isToken are the bytes of a token: visible ASCII but separators (RFC 2616 §2.2, which RFC 6455 §4.1 refers to, and
// RFC 9110 §5.6.2 agree).
var isToken = func() (t [256]bool) {
	for c := 0x21; c < 0x7f; c++ {
		t[c] = true
	}
	for _, c := range []byte("()<>@,;:\\\"/[]?={}") {
		t[c] = false
	}
	return t
}()

func token(p []byte) bool {
	for _, c := range p {
		if !isToken[c] {
			return false
		}
	}
	return len(p) > 0
}

func lower(c byte) byte {
	if c-'A' < 26 {
		return c | 0x20
	}
	return c
}

// equalFold compares with a lower-case s, ASCII letters in any case.
func equalFold(p []byte, s string) bool {
	if len(p) != len(s) {
		return false
	}
	for i, c := range p {
		if lower(c) != s[i] {
			return false
		}
	}
	return true
}

// trim takes optional whitespace off both ends.
func trim(p []byte) []byte {
	for len(p) > 0 && (p[0] == ' ' || p[0] == '\t') {
		p = p[1:]
	}
	for len(p) > 0 && (p[len(p)-1] == ' ' || p[len(p)-1] == '\t') {
		p = p[:len(p)-1]
	}
	return p
}

// cutElement cuts the first element off a list without quoted strings (RFC 9110 §5.6.1). It may be empty.
func cutElement(list []byte) (element, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:]
		}
	}
	return trim(list), nil
}

// contains reports whether a list has s, in any case.
func contains(list []byte, s string) bool {
	for len(list) > 0 {
		var element []byte
		if element, list = cutElement(list); equalFold(element, s) {
			return true
		}
	}
	return false
}
