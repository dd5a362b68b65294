package h1

// Head is the head of one request, and later its trailers, as offsets into the bytes that were parsed. It is reusable
// and pooled by the caller; the zero value is ready. Engine.Next fills it.
//
// Every slice that a method returns is a view into the bytes handed to the call of Next that returned HeadDone: it
// lives as long as the caller keeps those bytes where they are, or, after Rebase, those given to Rebase. Methods must
// not be called between a NeedMore and HeadDone.
type Head struct {
	raw      []byte    // the head, from its request line to its last CRLF
	tail     []byte    // the trailer section
	fields   []field   // header fields, then trailer fields
	lastHost *hostMemo // of an earlier request
	owner    *Engine   // whose unfinished section this is; see Engine.resumes
	length   int64     // Content-Length, -1 without

	seen      uint32 // bytes scanned by owner
	headers   uint32 // how many of fields are header fields
	method    span
	target    span
	path      span
	query     span
	authority span // of an absolute-form or authority-form target
	host      span // value of Host
	upgrade   span // value of Upgrade

	flags flag
	id    Method
	minor uint8
	form  form
	class uint8 // union of the classes of the target's bytes
}

// span is a range of bytes; empty when absent.
type span struct{ start, end uint32 }

// field is one field line: the name starts a line, the value has lost its surrounding whitespace.
type field struct{ name, value span }

// flag is a finding about a head that framing and the answer depend on.
type flag uint16

const (
	flagHost        flag = 1 << iota // Host is present
	flagLength                       // Content-Length is present
	flagChunked                      // Transfer-Encoding: chunked
	flagClose                        // Connection: close
	flagKeepAlive                    // Connection: keep-alive
	flagConnUpgrade                  // Connection: upgrade
	flagConnTE                       // Connection: TE
	flagExpect                       // Expect: 100-continue
	flagExpectOther                  // Expect: anything else
	flagUpgrade                      // Upgrade is present
	flagTrailers                     // TE: trailers
	flagQuery                        // the target has a '?'
	flagCoding                       // Transfer-Encoding is present
)

// spareFields is how many field slots a reused Head keeps: one hostile request must not fix memory for good.
const spareFields = 256

func (h *Head) reset() {
	fields := h.fields[:0]
	if cap(fields) > spareFields {
		fields = nil
	}
	*h = Head{fields: fields, lastHost: h.lastHost, length: -1}
}

// Reset forgets the request and every reference to its bytes, keeping memory for the next one. Next does it by itself
// at the start of a head; a pool calls it so that it holds no bytes of others.
func (h *Head) Reset() { h.reset() }

func (s span) of(p []byte) []byte { return p[s.start:s.end:s.end] }

// Raw returns the bytes of the head, without an empty line before it.
func (h *Head) Raw() []byte { return h.raw }

// Rebase makes h point into p, a copy of Raw, for a caller that moves a head's bytes. Trailers are not moved.
func (h *Head) Rebase(p []byte) { h.raw = p[:len(h.raw)] }

// Method returns the method as sent.
func (h *Head) Method() []byte { return h.method.of(h.raw) }

// MethodID returns the method's number, MethodOther when it has none.
func (h *Head) MethodID() Method { return h.id }

// Minor returns the minor version: 0 for HTTP/1.0, 1 for HTTP/1.1, and higher as sent, which is served as 1.1.
func (h *Head) Minor() int { return int(h.minor) }

// Target returns the request target as sent.
func (h *Head) Target() []byte { return h.target.of(h.raw) }

var pathRoot, pathStar = []byte("/"), []byte("*")

// Path returns the target's path as sent, not decoded: it begins with "/", or is "*" (asterisk-form, or OPTIONS on an
// absolute-form without path, RFC 9112 §3.2.4), or is empty for authority-form.
func (h *Head) Path() []byte {
	if h.form == formAbsolute && h.path.start == h.path.end {
		if h.id == MethodOptions && h.flags&flagQuery == 0 {
			return pathStar
		}
		return pathRoot
	}
	return h.path.of(h.raw)
}

// RawQuery returns what follows the first "?" of the target, as sent; nil without "?".
func (h *Head) RawQuery() []byte {
	if h.flags&flagQuery == 0 {
		return nil
	}
	return h.query.of(h.raw)
}

// Host returns the value of Host, empty when there is none.
func (h *Head) Host() []byte { return h.host.of(h.raw) }

// Authority returns whom the request is for: the target's authority when it has one, whatever Host says
// (RFC 9112 §3.2.2), else Host.
func (h *Head) Authority() []byte {
	if h.form == formAbsolute || h.form == formAuthority {
		return h.authority.of(h.raw)
	}
	return h.host.of(h.raw)
}

// Len returns the number of header fields.
func (h *Head) Len() int { return int(h.headers) }

// At returns header field i, 0 <= i < Len, in the order and spelling in which it was sent.
func (h *Head) At(i int) (name, value []byte) {
	f := &h.fields[:h.headers][i]
	return f.name.of(h.raw), f.value.of(h.raw)
}

// Get returns the value of the first header field of that name, in any case; nil when there is none (an empty value
// is not nil).
func (h *Head) Get(name string) []byte {
	for i := range h.fields[:h.headers] {
		f := &h.fields[i]
		if int(f.name.end-f.name.start) == len(name) && sameName(f.name.of(h.raw), name) {
			return f.value.of(h.raw)
		}
	}
	return nil
}

// sameName compares names of one length, ASCII letters in any case.
func sameName(b []byte, s string) bool {
	for i := range b {
		if b[i] != s[i] && lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

// TrailerLen returns the number of trailer fields. Valid from End until the next call of Next.
func (h *Head) TrailerLen() int { return len(h.fields) - int(h.headers) }

// TrailerAt returns trailer field i, 0 <= i < TrailerLen, as views into the bytes of the call of Next that returned
// End. Valid until the next call of Next.
func (h *Head) TrailerAt(i int) (name, value []byte) {
	f := &h.fields[h.headers:][i]
	return f.name.of(h.tail), f.value.of(h.tail)
}

// ContentLength returns the value of Content-Length, -1 when there is none.
func (h *Head) ContentLength() int64 { return h.length }

// Chunked reports whether the body is chunked.
func (h *Head) Chunked() bool { return h.flags&flagChunked != 0 }

// Bodyless reports whether the request has no body bytes. Its End event may be skipped.
func (h *Head) Bodyless() bool { return h.flags&flagChunked == 0 && h.length <= 0 }

// KeepAlive reports whether the client wants the connection to persist (RFC 9112 §9.3).
func (h *Head) KeepAlive() bool {
	if h.minor == 0 {
		return h.flags&(flagKeepAlive|flagClose) == flagKeepAlive
	}
	return h.flags&flagClose == 0
}

// Expect100 reports whether the client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1). Never so
// for HTTP/1.0, nor without a body.
func (h *Head) Expect100() bool {
	return h.flags&flagExpect != 0 && h.minor > 0 && !h.Bodyless()
}

// Upgrade returns the value of the first Upgrade when the client asks to switch: HTTP/1.1, Connection: upgrade, no
// body (RFC 9110 §7.8). Else nil.
func (h *Head) Upgrade() []byte {
	const both = flagUpgrade | flagConnUpgrade
	if h.flags&both != both || h.minor == 0 || !h.Bodyless() {
		return nil
	}
	return h.upgrade.of(h.raw)
}

// AcceptsTrailers reports whether the client asked for trailers (TE: trailers, RFC 9110 §6.5.1).
func (h *Head) AcceptsTrailers() bool {
	return h.flags&(flagTrailers|flagConnTE) == flagTrailers|flagConnTE && h.minor > 0
}
