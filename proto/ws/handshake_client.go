package ws

import (
	"encoding/base64"
	"errors"
)

// ErrBadRequest is what AppendRequest says of a Request that would make another head than it seems.
var ErrBadRequest = errors.New("ws: a field of the request holds what it must not")

// Request is what a client's opening handshake is made of.
type Request struct {
	Host      string        // as in the URL, with the port unless it is the scheme's own
	Target    string        // path and query; "" is "/"
	Key       [KeySize]byte // see MakeKey
	Origin    string        // "" for none
	Protocols []string      // wanted subprotocols, the preferred one first
	Compress  *Options      // to offer; nil for none
	Fields    []Field       // further ones, as for authorization
}

// Field is a header field.
type Field struct{ Name, Value string }

// MakeKey returns the Sec-WebSocket-Key of 16 random bytes.
func MakeKey(random [16]byte) (key [KeySize]byte) {
	base64.StdEncoding.Encode(key[:], random[:])
	return key
}

// AppendRequest appends the head of the request (RFC 6455 §4.1), or returns ErrBadRequest.
func AppendRequest(dst []byte, r *Request) ([]byte, error) {
	if !r.valid() {
		return dst, ErrBadRequest
	}
	target := r.Target
	if target == "" {
		target = "/"
	}
	dst = append(append(append(dst, "GET "...), target...), " HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", r.Host)
	dst = append(dst, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "+Version+"\r\n"...)
	dst = append(append(append(dst, "Sec-WebSocket-Key: "...), r.Key[:]...), crlf...)
	if r.Origin != "" {
		dst = appendField(dst, "Origin", r.Origin)
	}
	for i, p := range r.Protocols {
		sep := ", "
		if i == 0 {
			sep = "Sec-WebSocket-Protocol: "
		}
		dst = append(append(dst, sep...), p...)
	}
	if len(r.Protocols) > 0 {
		dst = append(dst, crlf...)
	}
	if r.Compress != nil {
		dst = r.Compress.appendOffer(append(dst, "Sec-WebSocket-Extensions: "...))
		dst = append(dst, crlf...)
	}
	for i := range r.Fields {
		dst = appendField(dst, r.Fields[i].Name, r.Fields[i].Value)
	}
	return append(dst, crlf...), nil
}

const crlf = "\r\n"

func appendField(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), crlf...)
}

// valid reports whether each part of r stays in its place.
func (r *Request) valid() bool {
	for _, s := range []string{r.Host, r.Target} {
		for i := range len(s) {
			if s[i] <= ' ' || s[i] >= 0x7f {
				return false
			}
		}
	}
	for i, p := range r.Protocols { // RFC 6455 §4.1: tokens, each once
		for _, earlier := range r.Protocols[:i] {
			if p == earlier {
				return false
			}
		}
		if !token([]byte(p)) {
			return false
		}
	}
	for i := range r.Fields {
		if f := &r.Fields[i]; !token([]byte(f.Name)) || !validValue([]byte(f.Value)) || ownField([]byte(f.Name)) {
			return false
		}
	}
	return r.Host != "" && (r.Target == "" || r.Target[0] == '/') && validValue([]byte(r.Origin)) && validKey(r.Key[:])
}

// ownField are the fields that the handshake itself is made of, or that would give the request a body.
func ownField(name []byte) bool {
	for _, s := range [...]string{"host", "upgrade", "connection", "origin", "content-length", "transfer-encoding",
		"sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"} {
		if equalFold(name, s) {
			return true
		}
	}
	return false
}

// validValue reports whether p holds no control character but HTAB (RFC 9110 §5.5).
func validValue(p []byte) bool {
	for _, c := range p {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
