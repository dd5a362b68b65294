package ws

import "github.com/ringwire/ringwire/mem"

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
		window = 15
	}
	return noContext, window
}

// codec is permessage-deflate for one connection: the boundary between the engine, which frames, and the compressor.
// One is made when the first compressed message comes or goes, so that until then nothing is held.
type codec interface {
	// inflate appends to dst the inflated src: one whole message's payload as it came, without the 00 00 FF FF that
	// ends it (RFC 7692 §7.2.2). src is emptied. It stops at more than b.max bytes (ErrMessageTooLarge), at more than
	// b.ratio times src's bytes beyond 1 MiB (ErrRatio), at what is no deflate data (ErrDeflate), and when
	// b.text, unless nil, does not like a piece (ErrUTF8; the end of the text is the engine's to check).
	inflate(dst, src *mem.Segments, b bounds) *Error
	// deflate appends the compressed p, without 00 00 FF FF, to dst. When it does not get smaller it returns false:
	// the message is sent as it is, and for the context it has never been. dst then may hold anything.
	deflate(dst *mem.Writer, p []byte) bool
	// forget makes the next deflate refer to nothing before it.
	forget()
	// release gives everything back.
	release()
}

// bounds is what a message may inflate to.
type bounds struct {
	max, ratio int
	text       *utf8State
}
