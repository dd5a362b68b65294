package ringwire

import (
	"iter"
	"math"
	"net/netip"

	"github.com/ringwire/ringwire/proto/form"
	"github.com/ringwire/ringwire/proto/multipart"
	"github.com/ringwire/ringwire/tls"
)

// View is a borrowed slice of a request: valid until the handler returns, then the
// memory carries another request. Comparing it (string(v) == "x", switch string(v)) does
// not copy; String does.
type View []byte

// String returns a copy.
func (v View) String() string { return string(v) }

// Request is what the client asked. It belongs to the server: a handler must not keep
// it, nor anything called a View, after it returned.
type Request struct {
	// Body is the request's body, never nil.
	Body *Body

	ex   *exchange
	path View
}

func (r *Request) reset() {
	r.path = nil
}

// Method is the request's method, as in "GET". Registered methods are constants; another
// one is copied.
func (r *Request) Method() string {
	switch m := r.ex.head.Method(); string(m) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "HEAD":
		return "HEAD"
	case "PUT":
		return "PUT"
	case "DELETE":
		return "DELETE"
	case "PATCH":
		return "PATCH"
	case "OPTIONS":
		return "OPTIONS"
	case "CONNECT":
		return "CONNECT"
	case "TRACE":
		return "TRACE"
	default:
		return string(m)
	}
}

// TargetView is the request target as it was sent (RFC 9112 §3.2).
func (r *Request) TargetView() View { return r.ex.head.Target() }

// RawPathView is the path as it was sent, percent-encoded.
func (r *Request) RawPathView() View { return r.ex.head.Path() }

// RawQueryView is the query as it was sent, without the question mark.
func (r *Request) RawQueryView() View { return r.ex.head.RawQuery() }

// PathView is the decoded path. A path in the asterisk form is "*", one in the authority
// form (CONNECT) is empty. Dot segments are left alone: a handler that maps paths to
// files must clean them.
func (r *Request) PathView() View {
	if r.path == nil {
		r.path = r.ex.head.Path()
		if form.IsEscaped(r.path) {
			r.path = r.ex.decode(r.path, form.AppendUnescaped)
		}
	}
	return r.path
}

// Path is a copy of PathView.
func (r *Request) Path() string { return string(r.PathView()) }

// decode returns a form's value p itself, or its decoded form.
func (r *Request) decode(p []byte) View {
	if !form.IsEncoded(p) {
		return p
	}
	return r.ex.decode(p, form.AppendDecoded)
}

// Host is a copy of HostView.
func (r *Request) Host() string { return string(r.ex.head.Authority()) }

// HostView is the authority that the request is for: the target's if it has one, else the
// Host field's (RFC 9112 §3.2.2), with the port if one was given.
func (r *Request) HostView() View { return r.ex.head.Authority() }

// ProtoMinor is 1 for HTTP/1.1 and 0 for HTTP/1.0.
func (r *Request) ProtoMinor() int { return r.ex.head.Minor() }

// Header returns a copy of the first field with that name, in any case, "" if there is none.
func (r *Request) Header(name string) string { return string(r.ex.head.Get(name)) }

// HeaderView is the first field with that name, in any case, nil if there is none.
func (r *Request) HeaderView(name string) View { return r.ex.head.Get(name) }

// Headers goes over all header fields in the order in which they came, names as they were sent.
func (r *Request) Headers() iter.Seq2[View, View] {
	return func(yield func(name, value View) bool) {
		for i := range r.ex.head.Len() {
			if name, value := r.ex.head.At(i); !yield(name, value) {
				return
			}
		}
	}
}

// Trailers goes over the fields that followed a chunked body. They are there once the
// body has been read to its end.
func (r *Request) Trailers() iter.Seq2[View, View] {
	return func(yield func(name, value View) bool) {
		w, kept := r.ex.worker, []field(nil)
		if w != nil {
			kept = w.trailers()
		} else {
			kept = r.ex.trailed.fields
		}
		for _, f := range kept {
			if !yield(f.name, f.value) {
				return
			}
		}
		if len(kept) > 0 || w != nil || !r.Body.done || r.Body.err != nil {
			return
		}
		for i := range r.ex.head.TrailerLen() {
			if name, value := r.ex.head.TrailerAt(i); !yield(name, value) {
				return
			}
		}
	}
}

// QueryView is the decoded value of the first query parameter with that name; ok is
// false if there is none.
func (r *Request) QueryView(name string) (value View, ok bool) {
	v, ok := form.Lookup(r.ex.head.RawQuery(), name)
	if !ok {
		return nil, false
	}
	return r.decode(v), true
}

// Query is a copy of QueryView's value, "" if there is none.
func (r *Request) Query(name string) string {
	v, _ := r.QueryView(name)
	return string(v)
}

// QueryInt is the value of a query parameter as a decimal integer; ok is false if it is
// missing, malformed, or does not fit.
func (r *Request) QueryInt(name string) (n int64, ok bool) {
	v, ok := r.QueryView(name)
	if !ok {
		return 0, false
	}
	return parseInt(v)
}

// FormView is the decoded value of the first pair with that name in an
// application/x-www-form-urlencoded body, or the content of the first field with that name, not a
// file, in one that is multipart/form-data; ok is false if there is none, if the body is of another
// type or malformed up to there, or if it has not arrived whole. It looks at what of the body has not been read,
// and the value is valid until that is read.
func (r *Request) FormView(name string) (value View, ok bool) {
	contentType := r.ex.head.Get("Content-Type")
	if multipart.IsFormData(contentType) {
		return r.fieldView(name)
	}
	if !isForm(contentType) {
		return nil, false
	}
	body, err := r.Body.View() // each time: what was there before may have been read
	if err != nil {
		return nil, false
	}
	v, ok := form.Lookup(body, name)
	if !ok {
		return nil, false
	}
	return r.decode(v), true
}

// Form is a copy of FormView's value, "" if there is none.
func (r *Request) Form(name string) string {
	v, _ := r.FormView(name)
	return string(v)
}

// RemoteAddr is the client's address, the zero AddrPort on a unix socket. It is looked up
// when it is asked for.
func (r *Request) RemoteAddr() netip.AddrPort { return r.ex.addr(true) }

// LocalAddr is the address that the client connected to.
func (r *Request) LocalAddr() netip.AddrPort { return r.ex.addr(false) }

// TLS is what the connection's handshake has found out: version, protocol, client certificates;
// nil without TLS. It is not a view: it may be kept, and must not be changed.
func (r *Request) TLS() *tls.Info {
	switch ex := r.ex; {
	case ex.worker != nil:
		return ex.worker.remote.tls
	case ex.hc == nil:
		return nil
	default:
		return ex.hc.conn.TLS()
	}
}

// isForm reports whether a media type is application/x-www-form-urlencoded, parameters aside.
func isForm(contentType []byte) bool {
	const want = "application/x-www-form-urlencoded"
	if len(contentType) < len(want) || !equalFold(contentType[:len(want)], want) {
		return false
	}
	rest := contentType[len(want):]
	return len(rest) == 0 || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t'
}

// equalFold compares ASCII text without regard to case; lower must be in lower case.
func equalFold(p []byte, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i, c := range p {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// parseInt reads a decimal integer with an optional minus sign.
func parseInt(p []byte) (n int64, ok bool) {
	neg := len(p) > 0 && p[0] == '-'
	if neg {
		p = p[1:]
	}
	if len(p) == 0 {
		return 0, false
	}
	// Downwards: the smallest integer has no positive counterpart.
	for _, c := range p {
		digit := int64(c - '0')
		if digit > 9 || n < (math.MinInt64+digit)/10 {
			return 0, false
		}
		n = n*10 - digit
	}
	if !neg {
		if n = -n; n < 0 {
			return 0, false
		}
	}
	return n, true
}
