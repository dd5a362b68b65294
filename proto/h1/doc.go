// Package h1 is HTTP/1.1 (RFC 9112) without input or output: bytes go in, events that point into those bytes
// come out, and bytes to send are appended to the caller's buffer.
//
// # Use
//
// One [Engine] belongs to one connection. The caller keeps received bytes until an event consumes them:
//
//	ev := e.Next(p, h)   // p starts at the first byte not yet consumed
//	p = p[ev.N:]         // every kind of event may consume, NeedMore too
//
// and drains: Next is called again until it answers [NeedMore] (receive more), [Paused] (answer the request first),
// [Closed] (no request will follow; close once everything is sent), [Upgraded] (the bytes belong to another
// protocol) or [Fail] (append [Engine.AppendError], send, close).
//
//	HeadDone   h holds the request's head, until the caller reuses h or moves the bytes (see [Head.Rebase])
//	Data       ev.Data are body bytes, a view into p
//	End        the request is complete; h holds its trailers until the next call of Next
//
// A response is [Engine.AppendResponseHead], then body bytes (as they are, or through [AppendChunk] when
// [Engine.Chunking]), then [AppendLastChunk] when chunking, then [Engine.FinishResponse]. Commands may come before
// the request's body has ended; the next request is parsed once both halves are over.
//
// The [Head] handed to Next while a head or a trailer section is incomplete carries the work done so far: the caller
// keeps it with the connection and hands in the same one until HeadDone or End. With another Head the engine is
// still right, but starts that section over.
//
// # Choices
//
// Where RFC 9112 leaves a choice, or asks for tolerance that lets two parsers disagree, this is what happens here:
//
//	a line ends with CRLF only; bare LF and bare CR are refused        400   §2.2
//	one empty line before a request line is skipped, a second is not   400   §2.2
//	whitespace in a request line is one SP in each place               400   §3
//	obs-fold is refused, never unfolded                                400   §5.2
//	HTTP/1.x with x > 1 is served as HTTP/1.1, another major is not    505   §2.3
//	a target is visible ASCII without "#"; its path also without "\"
//	and without escaped NUL, CR, LF or broken escapes                  400   §3.2
//	a query is not looked into
//	an absolute-form target wins over a Host that differs                    §3.2.2
//	Host is checked in full; comma, percent-escapes, IPvFuture are
//	refused, in a target as well                                       400   §3.2
//	Content-Length is there once, even if repetitions agree            400   §6.3
//	Content-Length with Transfer-Encoding is refused                   400   §6.1
//	Transfer-Encoding is one line that ends in chunked                 400   §6.3
//	a coding before chunked                                            501   §6.1
//	Content_Length and Transfer_Encoding are refused                   400   §11.2
//	whitespace in chunk lines is refused, also around ";"              400   §7.1.1
//	trailers must not frame, route or authorise, nor be announced to   400   RFC 9110 §6.5.1
//	a chunk size has 16 digits at most, leading zeros too              400   §7.1
//	a Connection option that is no token closes                              RFC 9110 §7.6.1
//	Expect other than 100-continue                                     417   RFC 9110 §10.1.1
//	TRACE with a body                                                  400   RFC 9110 §9.3.8
//
// # Limits
//
// Nothing here reads a clock, starts a goroutine, or allocates in the steady state; time-outs, sockets and buffers
// are the caller's. Head and trailer sections are parsed where they lie and must be contiguous in p; body bytes need
// not be. Request bodies in codings other than chunked are refused (501). The client's side is not built yet.
package h1
