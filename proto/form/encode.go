package form

// plain marks the bytes that stand for themselves: ASCII letters and digits and "*-._" (URL Standard, the
// application/x-www-form-urlencoded percent-encode set).
var plain = func() (t [256]bool) {
	for _, c := range []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*-._") {
		t[c] = true
	}
	return
}()

// AppendEncoded appends p encoded as a name or value. Each byte becomes three at most.
func AppendEncoded[T string | []byte](dst []byte, p T) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(p) {
		switch c := p[i]; {
		case plain[c]:
			dst = append(dst, c)
		case c == ' ':
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// EncodedLen is how many bytes AppendEncoded appends: for a Content-Length that is told beforehand.
func EncodedLen[T string | []byte](p T) int {
	n := len(p)
	for i := range len(p) {
		if c := p[i]; !plain[c] && c != ' ' {
			n += 2
		}
	}
	return n
}
