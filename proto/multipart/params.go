package multipart

// params goes over the parameters that follow a media type or a disposition (RFC 9110 §5.6.6, RFC 2183 §2):
//
//	*( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )
//
// of which an empty one may only be the last.
type params struct {
	rest  []byte
	name  []byte // in whatever case it came
	value []byte // a token, or what stands between the quotes
	bad   bool   // the grammar was breached
}

// next reports whether there is one more; bad is to be asked when there is not.
func (s *params) next() bool {
	p := trim(s.rest)
	if len(p) == 0 {
		return false
	}
	s.bad = true
	if p[0] != ';' {
		return false
	}
	if p = trim(p[1:]); len(p) == 0 {
		s.bad = false
		return false
	}
	i := scan(p, 0, charToken)
	if i == 0 || i == len(p) || p[i] != '=' {
		return false
	}
	s.name, p = p[:i], p[i+1:]
	if len(p) > 0 && p[0] == '"' {
		i = quoted(p)
		if i < 0 {
			return false
		}
		s.value, s.rest = p[1:i], p[i+1:]
	} else {
		if i = scan(p, 0, charToken); i == 0 {
			return false
		}
		s.value, s.rest = p[:i], p[i:]
	}
	s.bad = false
	return true
}

// quoted returns where the quoted-string at the beginning of p ends, at its quote; -1 if it does not.
func quoted(p []byte) int {
	for i := 1; i < len(p); i++ {
		switch p[i] {
		case '"':
			return i
		case '\\':
			if i+1 < len(p) && chars[p[i+1]]&charSpecial != 0 {
				i++
			}
		}
	}
	return -1
}

// appendPlain appends the value of a name or file name as its sender meant it. Older senders put a backslash before
// special characters; those that stand for themselves (Windows paths) are kept. Browsers, and by now most others, write
// a quote, CR or LF as %22, %0D or %0A and nothing else so (HTML Standard, multipart form data).
func appendPlain(dst, value []byte) []byte {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && i+1 < len(value) && chars[value[i+1]]&charSpecial != 0:
			i++
			c = value[i]
		case c == '%' && i+2 < len(value):
			if e := escaped(value[i+1], value[i+2]); e != 0 {
				c = e
				i += 2
			}
		}
		dst = append(dst, c)
	}
	return dst
}

func escaped(hi, lo byte) byte {
	switch {
	case hi == '2' && lo == '2':
		return '"'
	case hi == '0' && (lo == 'D' || lo == 'd'):
		return '\r'
	case hi == '0' && (lo == 'A' || lo == 'a'):
		return '\n'
	}
	return 0
}
