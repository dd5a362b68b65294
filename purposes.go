package ringwire

import "github.com/ringwire/ringwire/mem"

// purposes are one allocator's accounts of what requests need, beside those of package conn
// ("kept input", "output"). docs/MEMORY.md explains the names.
type purposes struct {
	head     *mem.Account // copies of heads that outlive the receive buffer
	trailers *mem.Account // likewise
	decoded  *mem.Account // decoded paths, query and form values
	body     *mem.Account // request bodies that lie in several pieces or outlive the receive buffer
	response *mem.Account // response bodies until they are the connection's output, and then until they are sent
	message  *mem.Account // WebSocket messages that do not lie in one receive buffer, or are another goroutine's
}

// purposesOf opens the accounts. Workers have names of their own for what waits between them
// and the loop.
func purposesOf(a *mem.Allocator, workers bool) purposes {
	body, response, message := "request body", "response body", "websocket message"
	if workers {
		body, response, message = "worker request body", "worker response body", "worker websocket message"
	}
	return purposes{
		head:     a.Account("request head"),
		trailers: a.Account("trailers"),
		decoded:  a.Account("decoded text"),
		body:     a.Account(body),
		response: a.Account(response),
		message:  a.Account(message),
	}
}
