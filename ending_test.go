package ringwire

import (
	"io"
	"strings"
	"testing"
)

// Who sends on after "Connection: close" still gets the answer, and then the end, not a reset:
// one that overtakes the answer destroys it (RFC 9112 §9.6).
func TestSurplusAfterTheLastRequest(t *testing.T) {
	t.Parallel()
	surplus := strings.Repeat("surplus ", 1<<17)
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello)
		for _, last := range []string{get("/", "Connection: close"), "GET / HTTP/1.0\r\n\r\n", post("/", "body", "Connection: close")} {
			for range 5 {
				p := s.dial()
				sent := make(chan bool)
				go func() {
					_, _ = io.WriteString(p.Conn, last+surplus) // no matter how much of it the server takes
					close(sent)
				}()
				if a := p.response("GET"); a.StatusCode != 200 {
					t.Errorf("got %d, want 200", a.StatusCode)
				}
				<-sent
				p.expectEnd("the server reads on until it has been seen that it closes")
				_ = p.Close()
			}
		}
	})
}

// A message cut short by the peer's FIN is answered, because the peer can still read (RFC 9112 §8).
func TestTruncatedMessageIsAnswered(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			switch r.Path() {
			case "/deaf": // does not look at how the body ended
				r.Body.Stream(func([]byte, error) {})
			case "/deaf/blocking":
				Blocking(HandlerFunc(func(_ *ResponseWriter, r *Request) { _, _ = io.Copy(io.Discard, r.Body) })).ServeHTTP(w, r)
			case "/says":
				r.Body.Stream(func(_ []byte, err error) {
					if err != nil {
						w.WriteHeader(StatusConflict)
					}
				})
			default:
				hello(w, r)
			}
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 10, -1 })
		for _, tc := range []struct {
			raw    string
			status int
			why    string
		}{
			{"", 0, "nothing was asked"},
			{"\r\n", 0, "an empty line asks nothing either (§2.2)"},
			{"GET / HT", 400, "inside a request line"},
			{"GET / HTTP/1.1\r\nHost: t\r\n", 400, "inside the fields"},
			{"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n", 400, "before the body"},
			{"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nabc", 400, "inside a body (§6.3)"},
			{postChunked("/") + chunk("abc"), 400, "without the last chunk"},
			{postChunked("/") + chunk("abc") + "0\r\nA: b\r\n", 400, "inside the trailers"},
			{"POST /deaf HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\nabc", 400, "inside a streamed body, whose handler has said nothing"},
			{"POST /deaf/blocking HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\nabc", 400, "the same on a worker"},
			{"POST /says HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\nabc", 409, "what the handler says counts"},
		} {
			p := s.dial()
			p.send(tc.raw)
			p.finish()
			if tc.status != 0 {
				if a := p.response("POST"); a.StatusCode != tc.status || !a.Close {
					t.Errorf("got %d, close=%v, want %d and a close: %s", a.StatusCode, a.Close, tc.status, tc.why)
				}
			}
			p.expectEnd("no request can follow")
		}
	})
}
