package h1

import "encoding/binary"

// phase is where the scan of an unfinished head stands. The scan goes on there when more bytes come: no byte is
// looked at twice.
type phase uint8

const (
	phaseStart   phase = iota // nothing scanned
	phaseMethod               // method; the element in progress begins at Engine.mark
	phaseTarget               // request target
	phaseVersion              // version and CRLF
	phaseName                 // a field name, or the empty line
	phaseValue                // a field value and its CRLF; the name ends at Engine.colon
)

// more is the position that a scan returns when it needs more bytes.
const more = -1

// scanRequestLine goes on with request-line = method SP request-target SP HTTP-version CRLF (RFC 9112 §3) and returns
// where the first field line begins.
func (e *Engine) scanRequestLine(p []byte, h *Head) (int, *Error) {
	i, err := int(e.pos), (*Error)(nil)
	if e.phase == phaseMethod {
		if i, err = e.scanMethod(p, h, i); i < 0 || err != nil {
			return i, err
		}
	}
	if e.phase == phaseTarget {
		if i, err = e.scanTarget(p, h, i); i < 0 || err != nil {
			return i, err
		}
	}
	if i, err = e.scanVersion(p, h); i < 0 || err != nil {
		return i, err
	}
	return i, h.parseTarget(p)
}

// suspend keeps where the scan stopped for want of bytes.
func (e *Engine) suspend(h *Head, ph phase, pos int) (int, *Error) {
	e.phase, e.pos = ph, uint32(pos)
	h.owner, h.seen = e, e.pos
	return more, nil
}

func (e *Engine) scanMethod(p []byte, h *Head, i int) (int, *Error) {
	if i = scanToken(p, i); i == len(p) {
		return e.suspend(h, phaseMethod, i)
	}
	if p[i] != ' ' || i == 0 {
		return 0, methodError(p[i], i)
	}
	h.method = span{0, uint32(i)}
	h.id = methodOf(p[:i])
	e.phase, e.mark = phaseTarget, uint32(i+1)
	return i + 1, nil
}

// methodError names what is wrong with byte c at i, which is neither a tchar nor the space after a method.
func methodError(c byte, i int) *Error {
	switch {
	case i > 0:
		return ErrBadMethod
	case c == ' ' || c == '\t':
		return ErrLeadingSpace
	case c == '\r':
		return ErrEmptyLines
	case c == '\n':
		return ErrBareLF
	}
	return ErrBadMethod
}

func (e *Engine) scanTarget(p []byte, h *Head, i int) (int, *Error) {
	class := h.class
	for i < len(p) {
		c := chars[p[i]]
		if c&charTarget == 0 {
			break
		}
		class |= c
		i++
	}
	h.class = class
	if i == len(p) {
		return e.suspend(h, phaseTarget, i)
	}
	if p[i] != ' ' || i == int(e.mark) {
		return 0, targetError(p[i], i == int(e.mark))
	}
	h.target = span{e.mark, uint32(i)}
	e.phase, e.mark = phaseVersion, uint32(i+1)
	return i + 1, nil
}

func targetError(c byte, empty bool) *Error {
	switch {
	case c == '#':
		return ErrTargetFragment
	case c == '\n':
		return ErrBareLF
	case empty && (c == ' ' || c == '\r'):
		return ErrEmptyTarget
	case c == '\r': // HTTP/0.9's simple request
		return ErrNoVersion
	}
	return ErrBadTarget
}

// versionLine is "HTTP/1.1" as one little-endian number.
const versionLine = 0x312e312f50545448

// scanVersion goes on with HTTP-version = "HTTP" "/" DIGIT "." DIGIT (RFC 9112 §2.3) and CRLF. It starts over at the
// version each time: that is ten bytes at most.
func (e *Engine) scanVersion(p []byte, h *Head) (int, *Error) {
	b := p[e.mark:]
	if len(b) >= 10 && binary.LittleEndian.Uint64(b) == versionLine && b[8] == '\r' && b[9] == '\n' {
		h.minor = 1
		return int(e.mark) + 10, nil
	}
	const pattern = "HTTP/0.0\r\n"
	for i := range len(pattern) {
		if i == len(b) {
			return e.suspend(h, phaseVersion, len(p))
		}
		if c := b[i]; c != pattern[i] && (pattern[i] != '0' || !isDigit(c)) {
			return 0, versionError(c, i)
		}
		if i == 7 && b[5] != '1' {
			return 0, ErrVersion
		}
	}
	h.minor = b[7] - '0'
	return int(e.mark) + 10, nil
}

func versionError(c byte, i int) *Error {
	switch {
	case i == 9:
		return ErrBareCR
	case c == '\n':
		return ErrBareLF
	case i == 0 && c == '\r':
		return ErrNoVersion
	}
	return ErrBadVersion
}
