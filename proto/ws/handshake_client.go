package ws

// Request is what a client's opening handshake is made of.
type Request struct {
	Host      string        // as in the URL, with the port unless it is the scheme's
	Target    string        // path and query, "/" at least
	Key       [KeySize]byte // of 16 random bytes in base64: see MakeKey
	Origin    string        // "" for none
	Protocols []string      // wanted subprotocols, the preferred one first
	Compress  *Options      // offered; nil for none
	Fields    []byte        // further fields: lines that end in CRLF
}

// MakeKey returns the Sec-WebSocket-Key of 16 random bytes.
func MakeKey(random [16]byte) [KeySize]byte { panic("not built yet") }

// AppendRequest appends the head of the request (RFC 6455 §4.1).
func AppendRequest(dst []byte, r *Request) ([]byte, error) { panic("not built yet") }

// Response is what the server has answered.
type Response struct {
	Status   int         // 101 when the connection speaks WebSocket from now on
	Protocol string      // the subprotocol, one of those wanted, or ""
	Compress Compression // what was agreed on
}

// ParseResponse looks for a response's head in p and returns how many bytes it has, 0 as long as it is not complete. It
// checks all that RFC 6455 §4.1 asks for. An answer other than 101 is an error, too: ErrNotSwitched, with its
// Status in the Response.
func ParseResponse(p []byte, r *Request) (res Response, n int, err *HandshakeError) {
	panic("not built yet")
}
