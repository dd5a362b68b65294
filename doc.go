// Package ringwire is a userspace networking stack: an HTTP/1.1 server whose event
// loops run on io_uring where the kernel has it, and on Go's netpoll everywhere else,
// with the same code and no allocation per request.
//
//	srv := ringwire.Server{Addr: "127.0.0.1:8080", Handler: ringwire.HandlerFunc(hello)}
//	log.Fatal(srv.ListenAndServe())
//
//	func hello(w *ringwire.ResponseWriter, r *ringwire.Request) {
//		w.WriteString("hello\n")
//	}
//
// # Handlers run on the loop
//
// A loop is one thread that serves thousands of connections; a handler that blocks holds
// all of them up. What computes for microseconds stays on the loop. What waits (a database,
// a file, another service) is wrapped in [Blocking], which runs it on a bounded pool of
// goroutines.
//
// # Borrowed views
//
// Methods that end in View give a slice of the receive buffer without copying. It is
// valid until the handler returns (for a [Blocking] handler: until that one returns), and
// the same memory then carries somebody else's request. So do the pieces that
// [Request.Headers], [Request.Trailers] and [Body.Stream] hand out. What must live longer is
// copied: [Request.Path], [Request.Header] and their like return strings of their own.
//
// # JSON
//
// [Request.JSON] and [ResponseWriter.JSON] read and write JSON with encoding/json, or the
// library that [Config].JSON names. What was decoded is the handler's for good.
//
// # The layers
//
//	ringwire        this package: Server, Request, ResponseWriter; engine to handler
//	conn            a connection: owner, deadlines, backpressure, drain
//	tls             TLS without I/O, over crypto/tls; tls/certs has certificates
//	proto/h1        HTTP/1.1 without I/O
//	proto/multipart, proto/form
//	                forms, read and written, likewise
//	ring, fallback  the drivers "uring" and "netpoll"
//	mem             off-heap memory: leases, segments, writers
//
// Imports point down only. docs/ARCHITECTURE.md walks a request through them.
//
// # Limits
//
// HTTP/1.1 and 1.0, server side. There is no router, and responses
// are not compressed. What a client can make the server hold or wait for is bounded by [Config],
// whose zero value is the safe one; a handler that blocks a loop is bounded by nothing.
package ringwire
