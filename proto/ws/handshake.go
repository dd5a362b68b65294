package ws

import "encoding/base64"

// Fields are the header fields of a request in the order in which they came. h1.Head is such. Of what At returns
// nothing is kept.
type Fields interface {
	Len() int
	At(i int) (name, value []byte)
}

// HandshakeError says why an opening handshake is refused. Every value is prebuilt and shared: compare pointers, never
// write.
type HandshakeError struct {
	Status int    // what a server answers with; 0 where it is the client that refuses
	Text   string // what was wrong; no bytes of the peer
	Ref    string // the paragraph that was breached
}

// Error says what was wrong and where that is written.
func (e *HandshakeError) Error() string { return "ws: " + e.Text + " (" + e.Ref + ")" }

// What a server refuses.
var (
	ErrMethod        = &HandshakeError{400, "a WebSocket is asked for with GET", "RFC 6455 §4.2.1"}
	ErrHTTP10        = &HandshakeError{400, "a WebSocket is asked for in HTTP/1.1", "RFC 6455 §4.2.1"}
	ErrNoUpgrade     = &HandshakeError{426, "this is for WebSockets: the request does not ask for an upgrade to one", "RFC 6455 §4.2.1"}
	ErrNoConnection  = &HandshakeError{400, "Connection does not have upgrade", "RFC 6455 §4.2.1"}
	ErrVersion       = &HandshakeError{426, "the WebSocket version is not 13", "RFC 6455 §4.4"}
	ErrManyVersions  = &HandshakeError{400, "more than one Sec-WebSocket-Version", "RFC 6455 §11.3.5"}
	ErrNoKey         = &HandshakeError{400, "Sec-WebSocket-Key is missing", "RFC 6455 §4.2.1"}
	ErrManyKeys      = &HandshakeError{400, "more than one Sec-WebSocket-Key", "RFC 6455 §11.3.1"}
	ErrBadKey        = &HandshakeError{400, "Sec-WebSocket-Key is not 16 bytes in base64", "RFC 6455 §4.2.1"}
	ErrBadProtocols  = &HandshakeError{400, "Sec-WebSocket-Protocol is not a list of tokens", "RFC 6455 §4.1"}
	ErrBadExtensions = &HandshakeError{400, "Sec-WebSocket-Extensions is malformed", "RFC 6455 §9.1"}
)

// KeySize is the bytes of a Sec-WebSocket-Key: 16 bytes in base64.
const KeySize = 24

// AcceptSize is the bytes of a Sec-WebSocket-Accept: 20 bytes in base64.
const AcceptSize = 28

// AppendAccept appends the Sec-WebSocket-Accept for a Sec-WebSocket-Key, of KeySize bytes (RFC 6455 §4.2.2).
func AppendAccept(dst, key []byte) []byte {
	const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	var buf [KeySize + len(guid)]byte
	copy(buf[copy(buf[:KeySize], key):], guid)
	sum := sha1(buf[:])
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// validKey reports whether p decodes to 16 bytes: 22 digits of base64 and the padding.
func validKey(p []byte) bool {
	if len(p) != KeySize || p[22] != '=' || p[23] != '=' {
		return false
	}
	for _, c := range p[:22] {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
		default:
			return false
		}
	}
	return true
}
