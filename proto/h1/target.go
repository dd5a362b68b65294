package h1

import (
	"bytes"
	"net/netip"
)

// form is the form of a request target (RFC 9112 §3.2).
type form uint8

const (
	formOrigin    form = iota // "/path?query"
	formAbsolute              // "http://host/path?query"
	formAuthority             // "host:port", CONNECT only
	formAsterisk              // "*", OPTIONS only
)

// parseTarget finds the form and parts of the target in p. The scan has seen to it that it is visible ASCII.
func (h *Head) parseTarget(p []byte) *Error {
	t := h.target.of(p)
	switch {
	case h.id == MethodConnect:
		return h.parseAuthorityForm(t)
	case t[0] == '/':
		return h.parsePath(p, h.target)
	case len(t) == 1 && t[0] == '*':
		h.form, h.path = formAsterisk, h.target
		if h.id != MethodOptions {
			return ErrAsteriskForm
		}
		return nil
	}
	return h.parseAbsoluteForm(p, t)
}

// parseAuthorityForm wants a port, too (RFC 9110 §9.3.6).
func (h *Head) parseAuthorityForm(t []byte) *Error {
	h.form, h.authority = formAuthority, h.target
	host, port, ok := splitHost(t)
	if !ok || len(host) == 0 || len(port) == 0 {
		return ErrAuthorityForm
	}
	return nil
}

// parseAbsoluteForm takes http and https URIs (RFC 9110 §4.2) without user information (§4.2.4).
func (h *Head) parseAbsoluteForm(p, t []byte) *Error {
	n := 0
	switch {
	case len(t) > 7 && equalFold(t[:7], "http://"):
		n = 7
	case len(t) > 8 && equalFold(t[:8], "https://"):
		n = 8
	default:
		return ErrTargetForm
	}
	h.form = formAbsolute
	end := n
	for end < len(t) && t[end] != '/' && t[end] != '?' {
		end++
	}
	if bytes.IndexByte(t[n:end], '@') >= 0 {
		return ErrTargetUserinfo
	}
	if host, _, ok := splitHost(t[n:end]); !ok || len(host) == 0 {
		return ErrTargetAuthority
	}
	start := h.target.start
	h.authority = span{start + uint32(n), start + uint32(end)}
	return h.parsePath(p, span{start + uint32(end), h.target.end})
}

// parsePath splits s at its first '?' and looks at the path's escapes. The query is left alone: forms put all kinds
// of bytes there.
func (h *Head) parsePath(p []byte, s span) *Error {
	h.path = s
	if h.class&charQuery != 0 {
		if i := bytes.IndexByte(s.of(p), '?'); i >= 0 {
			h.flags |= flagQuery
			h.path.end = s.start + uint32(i)
			h.query = span{h.path.end + 1, s.end}
		}
	}
	if h.class&(charPercent|charBack) != 0 {
		return checkPath(h.path.of(p))
	}
	return nil
}

// checkPath refuses escapes that are none (RFC 3986 §2.1), escaped NUL, CR and LF, which only serve to reach past
// this server (RFC 3986 §7.3), and the backslash, which is no URI character and which some read as a slash.
func checkPath(path []byte) *Error {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			return ErrBadTarget
		case '%':
			if len(path)-i < 3 || chars[path[i+1]]&chars[path[i+2]]&charHex == 0 {
				return ErrTargetEscape
			}
			switch unhex(path[i+1])<<4 | unhex(path[i+2]) {
			case 0, '\r', '\n':
				return ErrTargetEscape
			}
			i += 2
		}
	}
	return nil
}

// splitHost splits uri-host [ ":" port ] (RFC 9110 §7.2) and reports whether it is valid; both parts may be empty.
// Refused, though legal in a reg-name (RFC 3986 §3.2.2), are a comma, which looks like two values in one line, and
// percent-escapes: no host that has a name in DNS needs them, and whether two hosts are one would depend on who decodes.
func splitHost(b []byte) (host, port []byte, ok bool) {
	i := 0
	if len(b) > 0 && b[0] == '[' {
		i = bytes.IndexByte(b, ']') + 1
		if i == 0 || !validLiteral(b[1:i-1]) {
			return nil, nil, false
		}
	} else {
		for i < len(b) && chars[b[i]]&charHost != 0 {
			i++
		}
	}
	host = b[:i]
	if i == len(b) {
		return host, nil, true
	}
	port = b[i+1:]
	return host, port, b[i] == ':' && validPort(port)
}

// validLiteral takes an IPv6address (RFC 3986 §3.2.2). Zones are local to the client (RFC 6874 §4), and no IPvFuture
// has come.
func validLiteral(b []byte) bool {
	if len(b) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") || bytes.IndexByte(b, '%') >= 0 {
		return false
	}
	ip, err := netip.ParseAddr(string(b))
	return err == nil && ip.Is6()
}

// validPort takes *DIGIT that fits 16 bits.
func validPort(b []byte) bool {
	n := 0
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
		if n = n*10 + int(c-'0'); n > 65535 {
			return false
		}
	}
	return true
}
