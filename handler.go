package ringwire

// A Handler answers a request.
//
// ServeHTTP runs on the connection's loop and must not block; see [Blocking]. When it
// returns the response is complete, unless it asked for more by [ResponseWriter.Stream]
// or [Body.Stream]. r and w must not be used after that.
//
// A panic ends the request with status 500, or by closing the connection when the
// response had begun, and is logged; the server goes on. Panicking with
// [ErrAbortHandler] closes the connection without a log entry. runtime.Goexit, which is
// what testing's FailNow calls, would end the loop: outside of [Blocking] it ends the process.
type Handler interface {
	ServeHTTP(w *ResponseWriter, r *Request)
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(w *ResponseWriter, r *Request)

// ServeHTTP calls f.
func (f HandlerFunc) ServeHTTP(w *ResponseWriter, r *Request) { f(w, r) }

// Error answers with a plain text message and the given status.
func Error(w *ResponseWriter, message string, status int) {
	w.Reset()
	w.WriteHeader(status)
	_, _ = w.WriteString(message)
	_, _ = w.WriteString("\n")
}

// NotFound answers 404.
func NotFound(w *ResponseWriter, _ *Request) { Error(w, "404 page not found", StatusNotFound) }
