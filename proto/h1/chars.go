package h1

import (
	"encoding/binary"
	"math/bits"
)

// Classes of bytes. One table serves every grammar here, so that a scan is one load and one test per byte.
const (
	charToken   = 1 << iota // tchar, RFC 9110 §5.6.2
	charValue               // field-vchar, SP, HTAB and obs-text, RFC 9110 §5.5
	charTarget              // what a request target may hold: visible ASCII but '#'
	charHost                // what a host may hold: reg-name, RFC 3986 §3.2.2, but for pct-encoded and ','
	charHex                 // HEXDIG
	charPercent             // '%': the target needs a look at its escapes
	charQuery               // '?': the target has a query
	charBack                // '\': refused in a path
)

var chars = buildChars()

func buildChars() (t [256]uint8) {
	mark := func(class uint8, set string) {
		for i := range len(set) {
			t[set[i]] |= class
		}
	}
	const alnum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mark(charToken, alnum+"!#$%&'*+-.^_`|~")
	mark(charHost, alnum+"-._~"+"!$&'()*+;=")
	mark(charHex, "0123456789ABCDEFabcdef")
	mark(charPercent, "%")
	mark(charQuery, "?")
	mark(charBack, "\\")
	for c := range t {
		if c == '\t' || c >= ' ' && c != 0x7f {
			t[c] |= charValue
		}
		if c > ' ' && c < 0x7f && c != '#' {
			t[c] |= charTarget
		}
	}
	return t
}

// scanToken returns the index of the first byte of p at or after i that is no tchar, len(p) when there is none.
func scanToken(p []byte, i int) int {
	for i < len(p) && chars[p[i]]&charToken != 0 {
		i++
	}
	return i
}

// scanValue returns the index of the first byte of p at or after i that a field value cannot hold, len(p) when
// there is none. Eight bytes at a time: values are most of a head.
func scanValue(p []byte, i int) int {
	for len(p)-i >= 8 {
		m := controls(binary.LittleEndian.Uint64(p[i:]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		if p[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(p) && chars[p[i]]&charValue != 0 {
		i++
	}
	return i
}

// controls marks the top bit of the lowest byte of x that is below 0x20 or equal to 0x7f. Higher marks may be false:
// the subtractions borrow from the bytes above the first hit, and from those only.
func controls(x uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	del := x ^ 0x7f*ones
	return ((x-0x20*ones)&^x | (del-ones)&^del) & tops
}

// equalFold reports whether b is the lower-case ASCII string s, letters of b in either case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range len(s) {
		if lower(b[i]) != s[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c-'A' < 26 {
		return c + 'a' - 'A'
	}
	return c
}

func isDigit(c byte) bool { return c-'0' < 10 }

// unhex returns the value of a HEXDIG.
func unhex(c byte) int64 {
	if isDigit(c) {
		return int64(c - '0')
	}
	return int64(c|0x20-'a') + 10
}

// nextElement cuts the first element off a comma-separated list (RFC 9110 §5.6.1) and returns it without its
// surrounding whitespace; it may be empty.
func nextElement(list []byte) (element, rest []byte, more bool) {
	for i, c := range list {
		if c == ',' {
			return trimOWS(list[:i]), list[i+1:], true
		}
	}
	return trimOWS(list), nil, false
}

func trimOWS(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
