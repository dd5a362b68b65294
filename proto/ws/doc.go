// Package ws is WebSocket (RFC 6455) without input or output, in both roles, with permessage-deflate (RFC 7692): bytes
// go in, events come out, and bytes to send are appended to the caller's [mem.Writer].
//
// # Use
//
// One [Engine] belongs to one connection, from the end of its opening handshake on. The caller keeps received bytes
// until an event consumes them:
//
//	ev := e.Next(p)   // p starts at the first byte not yet consumed, and is written to: payload is unmasked in place
//	p = p[ev.N:]      // every kind of event may consume, NeedMore too
//
// and drains: Next is called again until it answers [NeedMore] (receive more), [Closed] (the peer's Close has come:
// nothing that follows counts) or [Fail] (append [Engine.AppendError], send, close).
//
//	Message      ev.Data is the message when it lay in p in one frame, else nil, and ev.Segments is the message
//	Ping         ev.Data is its payload; the answer is AppendPong
//	Pong         ev.Data is its payload
//	CloseFrame   ev.Code and ev.Data are the peer's code and reason; the answer is AppendClose, if none was sent
//
// ev.Data is a view into p. ev.Segments is the engine's own, valid until the next call of Next; its leases may be moved
// out of it.
//
// Payload is consumed as it comes, so that no frame ever has to be there as a whole: what the caller has to keep is an
// incomplete frame header, or control frame, of at most 131 bytes.
//
// A message is sent with [Engine.AppendMessage], a long one in pieces with [Engine.AppendFragment]. A client hands in a
// fresh key of four unpredictable bytes with everything it sends (RFC 6455 §5.3); a server's key is ignored. A frame
// made once for many connections is [AppendHeader] and the payload, sent by whoever holds it; each connection's engine
// is asked first, by [Engine.AdmitFrame].
//
// The opening handshake is functions over the fields of a request or a response, see [CheckRequest] and
// [AppendRequest].
//
// # Choices
//
//	RSV bits without a meaning, unknown opcodes, wrong masking             1002   §5.2
//	a length that is not in its shortest form, or of 64 bits               1002   §5.2
//	a control frame in fragments, or with more than 125 bytes              1002   §5.5
//	a fragment without a beginning, a message inside of another            1002   §5.4
//	a Close with one byte, or with a code that nobody may send             1002   §5.5.1, §7.4
//	text or a reason that is not UTF-8, as soon as the bad byte is there   1007   §8.1
//	deflated data that are none                                            1007   RFC 7692 §7.2.2
//	too many fragments, or control frames                                  1008   §7.4.1
//	too many blocks in a compressed message                                1008   §7.4.1
//	a message or frame over its limit, as soon as its header is there      1009   §7.4.1
//	a message that grows too much when inflated                            1009   §7.4.1
//
// After the Close that this side has sent, messages of the peer are still handed out, as they were on their way.
// Text that this side sends is not checked: it is the caller's word that it is UTF-8.
//
// # Limits
//
// Nothing here reads a clock, draws a random number, starts a goroutine, or allocates in the steady state; time-outs,
// keep-alive, mask keys and sockets are the caller's. See [Limits] for what a peer can make an engine hold.
package ws
