package ws

// Compression is what two peers have agreed on about permessage-deflate (RFC 7692), and how this side sends. The zero
// value is none.
type Compression struct {
	Enabled         bool
	ServerNoContext bool  // the server compresses each message on its own
	ClientNoContext bool  // the client does
	ServerWindow    uint8 // the most bits of the server's window, 8 to 15; 0 is 15
	ClientWindow    uint8 // of the client's
	Threshold       int   // bytes; messages below are sent as they are. Not negotiated
	Level           int   // 1, fastest, to 9; 0 is the default. Not negotiated

	serverSaid, clientSaid bool // the offer names the window's bits, so the answer does
}

// sending returns what a role's compressor must observe; of the other role's it is what the decompressor may rely on.
func (c *Compression) sending(role Role) (noContext bool, window uint8) {
	noContext, window = c.ServerNoContext, c.ServerWindow
	if role == Client {
		noContext, window = c.ClientNoContext, c.ClientWindow
	}
	if window == 0 {
		window = maxWindow
	}
	return noContext, window
}
