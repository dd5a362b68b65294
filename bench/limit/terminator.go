//go:build linux

package main

import "bytes"

// A matcher counts request terminators, "\r\n\r\n", in a stream that comes in pieces. Its value is how many bytes of
// a terminator the stream has ended with so far; the zero value is the start of a stream.
type matcher uint8

const terminator = "\r\n\r\n"

// count returns the number of terminators that end in p.
func (m *matcher) count(p []byte) (n int) {
	for *m > 0 && len(p) > 0 { // a terminator straddles two pieces: rare, so byte by byte
		n += m.step(p[0])
		p = p[1:]
	}
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 || i+2 >= len(p) {
			break
		}
		if p[i+1] == '\r' && p[i+2] == '\n' && i > 0 && p[i-1] == '\r' {
			n++
			p = p[i+3:]
			continue
		}
		p = p[i+1:]
	}
	for _, c := range p[max(0, len(p)-len(terminator)):] {
		n += m.step(c)
	}
	return n
}

// step takes one byte and returns 1 when it completes a terminator.
func (m *matcher) step(c byte) int {
	switch {
	case c == terminator[*m]:
		*m++
	case c == '\r':
		*m = 1
	default:
		*m = 0
	}
	if *m == matcher(len(terminator)) {
		*m = 0
		return 1
	}
	return 0
}
