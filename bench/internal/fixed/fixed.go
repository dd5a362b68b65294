// Package fixed is the one response of the servers that parse nothing (gnet's peer and bench/limit): the same
// bytes, field by field, that a real server sends for /pipeline, so that the kernel moves as much for them.
package fixed

import "bytes"

// Response is a whole response with the body "ok". Its Date does not advance.
const Response = "HTTP/1.1 200 OK\r\n" +
	"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n" +
	"Content-Type: text/plain\r\n" +
	"Content-Length: 2\r\n" +
	"\r\n" +
	"ok"

// Terminator ends a request without a body.
var Terminator = []byte("\r\n\r\n")

// Batch is the largest number of responses that Responses hands out at once.
const Batch = 128

var batch = bytes.Repeat([]byte(Response), Batch)

// Responses returns n responses back to back, at most Batch of them. The slice is shared and must not be written to.
func Responses(n int) []byte { return batch[:min(n, Batch)*len(Response)] }
