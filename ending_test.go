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
