package ws

// extensions are the elements of a Sec-WebSocket-Extensions (RFC 6455 §9.1) that are not read yet:
//
//	extension       = token *( ";" extension-param )
//	extension-param = token [ "=" ( token | quoted-string ) ]
//
// A quoted string must be a token once it is unquoted. Whitespace may stand around all of these, and elements may be empty.
type extensions struct{ p []byte }

// extension is one of them, as far as permessage-deflate is concerned (RFC 7692 §7).
type extension struct {
	deflate   bool // it is permessage-deflate
	bad       bool // with a parameter that is unknown, there twice, or has a value that it cannot have
	malformed bool // the list is, here

	serverNoContext, clientNoContext bool
	serverWindow, clientWindow       int // bits; 0 = absent, anyWindow = without a value
}

// anyWindow: client_max_window_bits without a value says that the server may choose one (RFC 7692 §7.1.2.2).
const anyWindow = -1

func validExtensions(list []byte) bool {
	l := extensions{list}
	for {
		x, more := l.next()
		if !more {
			return !x.malformed
		}
	}
}

// next reads the next element. After the last one, and where the list is malformed, there are no more.
func (l *extensions) next() (x extension, more bool) {
	for l.space(); l.take(','); l.space() {
	}
	if len(l.p) == 0 {
		return x, false
	}
	name := l.token()
	x.deflate = string(name) == "permessage-deflate"
	x.malformed = name == nil
	for l.space(); !x.malformed && l.take(';'); l.space() {
		x.malformed = !l.parameter(&x)
	}
	if !x.malformed && len(l.p) > 0 && !l.take(',') {
		x.malformed = true
	}
	return x, !x.malformed
}

// parameter reads one, behind its semicolon, and reports whether it is well-formed.
func (l *extensions) parameter(x *extension) bool {
	l.space()
	name := l.token()
	if name == nil {
		return false
	}
	l.space()
	if !l.take('=') {
		x.note(name, anyWindow)
		return true
	}
	l.space()
	var buf [4]byte // more digits than any value has that means something
	value := buf[:0]
	if !l.take('"') {
		t := l.token()
		x.note(name, windowBits(append(value, t[:min(len(t), cap(value))]...)))
		return t != nil
	}
	value, ok := l.quoted(value)
	x.note(name, windowBits(value))
	return ok
}

// quoted reads a quoted string behind its opening quote, and appends as much of it to dst as there is room for.
func (l *extensions) quoted(dst []byte) (value []byte, ok bool) {
	for n := 0; len(l.p) > 0; n++ {
		if l.take('"') {
			return dst, n > 0
		}
		l.take('\\')
		if len(l.p) == 0 || !isToken[l.p[0]] {
			return dst, false
		}
		if len(dst) < cap(dst) {
			dst = append(dst, l.p[0])
		}
		l.p = l.p[1:]
	}
	return dst, false
}

// windowBits is the value of a window parameter: 8 to 15 without leading zeros (RFC 7692 §7.1.2), else 0.
func windowBits(p []byte) int {
	switch {
	case len(p) == 1 && (p[0] == '8' || p[0] == '9'):
		return int(p[0] - '0')
	case len(p) == 2 && p[0] == '1' && p[1] >= '0' && p[1] <= '5':
		return 10 + int(p[1]-'0')
	}
	return 0
}

// note takes one parameter of permessage-deflate. value is anyWindow when it has none, 0 when it is no number of
// bits.
func (x *extension) note(name []byte, value int) {
	flag := func(seen *bool) {
		x.bad = x.bad || *seen || value != anyWindow
		*seen = true
	}
	window := func(seen *int, none bool) {
		x.bad = x.bad || *seen != 0 || value == 0 || value == anyWindow && !none
		*seen = value
	}
	switch string(name) {
	case "server_no_context_takeover":
		flag(&x.serverNoContext)
	case "client_no_context_takeover":
		flag(&x.clientNoContext)
	case "server_max_window_bits":
		window(&x.serverWindow, false)
	case "client_max_window_bits":
		window(&x.clientWindow, true)
	default:
		x.bad = true
	}
}

func (l *extensions) space() {
	for len(l.p) > 0 && (l.p[0] == ' ' || l.p[0] == '\t') {
		l.p = l.p[1:]
	}
}

func (l *extensions) take(c byte) bool {
	if len(l.p) == 0 || l.p[0] != c {
		return false
	}
	l.p = l.p[1:]
	return true
}

// token reads one; nil when there is none.
func (l *extensions) token() []byte {
	n := 0
	for n < len(l.p) && isToken[l.p[n]] {
		n++
	}
	if n == 0 {
		return nil
	}
	t := l.p[:n]
	l.p = l.p[n:]
	return t
}
