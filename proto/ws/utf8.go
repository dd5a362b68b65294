package ws

import "unicode/utf8"

// utf8State validates UTF-8 in pieces that end anywhere (RFC 3629 §4). It fails at the first byte that no text
// can go on with. The zero value is the start of a text.
type utf8State struct {
	need   uint8 // bytes that the sequence begun still wants
	lo, hi uint8 // what the next one of them may be
}

// write reports whether what came so far, with p, can be the beginning of a text. It must not be called any more
// when it was not.
func (s *utf8State) write(p []byte) bool {
	for s.need > 0 && len(p) > 0 {
		if !s.step(p[0]) {
			return false
		}
		p = p[1:]
	}
	cut := len(p) - unfinished(p)
	if !utf8.Valid(p[:cut]) {
		return false
	}
	for _, c := range p[cut:] {
		if !s.step(c) {
			return false
		}
	}
	return true
}

// done reports whether what came so far is a whole text.
func (s *utf8State) done() bool { return s.need == 0 }

// unfinished is how many bytes at the end of p look like a sequence that goes on behind it.
func unfinished(p []byte) int {
	for i := 1; i <= 3 && i <= len(p); i++ {
		switch c := p[len(p)-i]; {
		case c < 0x80:
			return 0
		case c >= 0xf0 && i < 4, c >= 0xe0 && i < 3, c >= 0xc0 && i < 2:
			return i
		case c >= 0xc0:
			return 0
		}
	}
	return 0
}

// step takes one byte. What follows a first byte is narrower after four of them: no overlong forms, no surrogates,
// nothing above U+10FFFF.
func (s *utf8State) step(c byte) bool {
	if s.need > 0 {
		ok := c >= s.lo && c <= s.hi
		s.need--
		s.lo, s.hi = 0x80, 0xbf
		return ok
	}
	s.lo, s.hi = 0x80, 0xbf
	switch {
	case c < 0x80:
		return true
	case c < 0xc2:
		return false
	case c < 0xe0:
		s.need = 1
	case c < 0xf0:
		s.need = 2
	case c < 0xf5:
		s.need = 3
	default:
		return false
	}
	switch c {
	case 0xe0:
		s.lo = 0xa0
	case 0xed:
		s.hi = 0x9f
	case 0xf0:
		s.lo = 0x90
	case 0xf4:
		s.hi = 0x8f
	}
	return true
}
