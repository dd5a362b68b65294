package ws

// Fields are the header fields of a request or a response in the order in which they came. h1.Head is such. What At
// returns need to live during the call they are handed to only.
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

// KeySize is the bytes of a Sec-WebSocket-Key: 16 bytes in base64.
const KeySize = 24

// AppendAccept appends the Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 §4.2.2).
func AppendAccept(dst, key []byte) []byte { panic("not built yet") }

// Options is what a side wants of permessage-deflate. The zero value compresses with every window that the
// peer allows, and with a context.
type Options struct {
	ServerNoContext bool  // the server's messages are compressed each on its own
	ClientNoContext bool  // the client's are; a client that was not told to may do so all the same
	ServerWindow    uint8 // most bits of the server's window, 9 to 15; 0 is 15
	ClientWindow    uint8 // most bits of the client's window; 0 is 15
	Threshold       int   // as in Compression; 0 is 256, negative none
	Level           int   // as in Compression
}
