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
// # Limits
//
// Nothing here reads a clock, starts a goroutine, or allocates in the steady state; time-outs, sockets and buffers
// are the caller's. Head and trailer sections are parsed where they lie and must be contiguous in p; body bytes need
// not be. Request bodies in codings other than chunked are refused (501). The client's side is not built yet.
package h1
