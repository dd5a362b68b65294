package ws

// Version is the only one (RFC 6455 §4.2.1); an answer of 426 names it in Sec-WebSocket-Version.
const Version = "13"

// CheckRequest checks everything that RFC 6455 §4.2.1 asks of an opening handshake over HTTP/1.1 but the Origin, and
// returns the value of Sec-WebSocket-Key, a view. minor is that of HTTP/1.x. An error of status 426 is answered with
// Sec-WebSocket-Version: 13, and Upgrade: websocket.
func CheckRequest(method []byte, minor int, f Fields) (key []byte, err *HandshakeError) {
	panic("not built yet")
}

// SelectProtocol returns the first of supported that the client offers in Sec-WebSocket-Protocol, "" for none of
// them. Which one to take is the server's choice (RFC 6455 §4.2.2).
func SelectProtocol(f Fields, supported []string) string { panic("not built yet") }

// Negotiate answers the offers of Sec-WebSocket-Extensions: it takes the first one of permessage-deflate that o allows
// (RFC 7692 §5). The zero Compression is for none. A malformed list offers nothing.
func Negotiate(f Fields, o *Options) Compression { panic("not built yet") }

// AppendExtensions appends the value of the response's Sec-WebSocket-Extensions; nothing when c is not Enabled.
func (c *Compression) AppendExtensions(dst []byte) []byte { panic("not built yet") }
