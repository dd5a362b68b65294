package h1

import "math"

// The lengths of the names that note knows.
const (
	longestKnown = 17
	knownLengths = 1<<2 | 1<<4 | 1<<6 | 1<<7 | 1<<10 | 1<<14 | 1<<17
)

// note acts on a header field that may decide about framing, routing or the connection. Length and first letter tell
// most fields apart without comparing.
func (h *Head) note(p []byte, f field) *Error {
	name, value := f.name.of(p), f.value.of(p)
	switch c := name[0] | 0x20; {
	case len(name) == 4 && c == 'h' && equalFold(name, "host"):
		return h.noteHost(f.value, value)
	case len(name) == 10 && c == 'c' && equalFold(name, "connection"):
		h.noteConnection(value)
	case len(name) == 14 && c == 'c':
		return h.noteLength(name, value)
	case len(name) == 17 && c == 't':
		return h.noteCoding(name, value)
	case len(name) == 6 && c == 'e' && equalFold(name, "expect"):
		h.noteExpect(value)
	case len(name) == 7 && c == 'u' && equalFold(name, "upgrade"):
		if h.flags&flagUpgrade == 0 {
			h.flags |= flagUpgrade
			h.upgrade = f.value
		}
	case len(name) == 7 && c == 't' && equalFold(name, "trailer"):
		return checkAnnouncement(value)
	case len(name) == 2 && c == 't' && equalFold(name, "te"):
		h.noteTE(value)
	}
	return nil
}

// noteHost: exactly one, of the form uri-host [ ":" port ] (RFC 9112 §3.2). Whether it may be empty, decide knows.
func (h *Head) noteHost(s span, value []byte) *Error {
	if h.flags&flagHost != 0 {
		return ErrManyHosts
	}
	h.flags |= flagHost
	h.host = s
	if h.lastHost != nil && h.lastHost.is(value) {
		return nil
	}
	host, _, ok := splitHost(value)
	if !ok || len(host) == 0 && len(value) > 0 {
		return ErrBadHost
	}
	if h.lastHost == nil {
		h.lastHost = new(hostMemo)
	}
	h.lastHost.set(value)
	return nil
}

// hostMemo is the last Host that was found valid. A server is asked for under few names, so that comparing with it
// spares most requests the grammar.
type hostMemo struct {
	n     int
	bytes [64]byte
}

func (m *hostMemo) is(host []byte) bool { return string(m.bytes[:m.n]) == string(host) && m.n > 0 }

func (m *hostMemo) set(host []byte) {
	if m.n = 0; len(host) <= len(m.bytes) {
		m.n = copy(m.bytes[:], host)
	}
}

// noteConnection reads connection options, a list of tokens in any case (RFC 9110 §7.6.1); several lines add up.
func (h *Head) noteConnection(list []byte) {
	for more := true; more; {
		var option []byte
		option, list, more = nextElement(list)
		switch {
		case equalFold(option, "close"):
			h.flags |= flagClose
		case equalFold(option, "keep-alive"):
			h.flags |= flagKeepAlive
		case equalFold(option, "upgrade"):
			h.flags |= flagConnUpgrade
		case equalFold(option, "te"):
			h.flags |= flagConnTE
		case scanToken(option, 0) != len(option):
			h.flags |= flagClose // "x close" is no list, and some find a close in it
		}
	}
}

// noteLength: Content-Length = 1*DIGIT (RFC 9110 §8.6), once: a repetition is refused even when it agrees. With "_" for "-" the name is another one, but programs behind gateways in
// CGI's tradition (RFC 3875 §4.1.18) cannot tell them apart.
func (h *Head) noteLength(name, value []byte) *Error {
	if equalFold(name, "content_length") {
		return ErrLookalike
	}
	if !equalFold(name, "content-length") {
		return nil
	}
	if h.flags&flagLength != 0 {
		return ErrManyLengths
	}
	h.flags |= flagLength
	if len(value) == 0 {
		return ErrBadLength
	}
	n := int64(0)
	for _, c := range value {
		if !isDigit(c) {
			return ErrBadLength
		}
		d := int64(c - '0')
		if n > (math.MaxInt64-d)/10 {
			return ErrLengthOverflow
		}
		n = n*10 + d
	}
	h.length = n
	return nil
}

// noteCoding: Transfer-Encoding in one line (RFC 9112 §6.1). Only chunked is decoded here, so anything that is not
// exactly "chunked", in any case, is refused.
func (h *Head) noteCoding(name, value []byte) *Error {
	if equalFold(name, "transfer_encoding") {
		return ErrLookalike
	}
	if !equalFold(name, "transfer-encoding") {
		return nil
	}
	if h.flags&flagCoding != 0 {
		return ErrManyCodings
	}
	h.flags |= flagCoding
	if !equalFold(value, "chunked") {
		return codingError(value)
	}
	h.flags |= flagChunked
	return nil
}

// codingError says what is wrong with a list that is not just "chunked". Without chunked at its end nobody knows where
// the body ends, which is 400 whatever the codings are (RFC 9112 §6.3); 501 is for those that chunked could frame.
func codingError(list []byte) *Error {
	chunked, last := 0, false
	for more := true; more; {
		var coding []byte
		coding, list, more = nextElement(list)
		if len(coding) == 0 || scanToken(coding, 0) != len(coding) {
			return ErrBadCoding
		}
		if last = equalFold(coding, "chunked"); last {
			chunked++
		}
	}
	switch {
	case chunked > 1:
		return ErrChunkedTwice
	case !last:
		return ErrChunkedNotLast
	}
	return ErrCoding
}

// noteExpect: 100-continue is the only expectation there is (RFC 9110 §10.1.1).
func (h *Head) noteExpect(list []byte) {
	for more := true; more; {
		var expectation []byte
		expectation, list, more = nextElement(list)
		if equalFold(expectation, "100-continue") {
			h.flags |= flagExpect
		} else {
			h.flags |= flagExpectOther
		}
	}
}

func (h *Head) noteTE(list []byte) {
	for more := true; more; {
		var coding []byte
		if coding, list, more = nextElement(list); equalFold(coding, "trailers") {
			h.flags |= flagTrailers
		}
	}
}

// decide checks what only the whole head can tell, and says how the body is framed (RFC 9112 §6.3).
func (h *Head) decide() (input, *Error) {
	if err := h.checkHost(); err != nil {
		return 0, err
	}
	switch {
	case h.flags&(flagChunked|flagLength) == flagChunked|flagLength:
		return 0, ErrLengthAndCoding
	case h.flags&flagChunked != 0 && h.minor == 0:
		return 0, ErrCodingVersion
	case h.flags&flagExpectOther != 0:
		return 0, ErrExpectation
	case h.id == MethodTrace && !h.Bodyless():
		return 0, ErrTraceContent
	case h.flags&flagChunked != 0:
		return inHeadChunked, nil
	case h.length > 0:
		return inHeadFixed, nil
	}
	return inHead, nil
}

// checkHost: HTTP/1.1 needs Host (RFC 9112 §3.2), also where the target names an authority itself, which then wins
// over Host (§3.2.2). Host may be empty only where it is not what makes the target URI, or where that URI has no
// authority (asterisk-form): an http URI needs a host (RFC 9110 §4.2.1).
func (h *Head) checkHost() *Error {
	switch {
	case h.flags&flagHost == 0 && h.minor > 0:
		return ErrNoHost
	case h.flags&flagHost != 0 && h.host.start == h.host.end && h.form == formOrigin:
		return ErrHostEmpty
	}
	return nil
}
