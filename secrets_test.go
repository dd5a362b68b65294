package ringwire

import (
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Nothing of one request shows in another. Clients send requests that are marked
// with a secret of their own, some of them cut short at any point, over connections,
// exchanges, buffers and workers that are reused all the time; whoever sees a secret
// that is not his has found a leak.
func TestNoSecretsOfOthers(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"whole":  func(w *ResponseWriter, r *Request) { confess(w, r) },
			"flush":  func(w *ResponseWriter, r *Request) { confess(w, r); _ = w.Flush(); confess(w, r) },
			"short":  func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(r.Header("X-Secret")) },
			"panics": func(w *ResponseWriter, r *Request) { confess(w, r); panic(ErrAbortHandler) },
			"stream": func(w *ResponseWriter, r *Request) {
				n := 0
				w.Stream(func(w *ResponseWriter) error {
					if n++; n > 3 {
						return io.EOF
					}
					confess(w, r)
					return nil
				})
			},
			"sink": func(w *ResponseWriter, r *Request) {
				r.Body.Stream(func(p []byte, err error) {
					_, _ = w.Write(p)
					if err != nil {
						confess(w, r)
					}
				})
			},
		}), func(s *Server) { s.BodyBuffer, s.MaxBody = 3000, 100_000 })
		var wg sync.WaitGroup
		for client := range 8 {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(1, uint64(client)))
				for range 60 {
					spy(t, s, rnd)
				}
			})
		}
		wg.Wait()
	})
}

// confess writes everything that a handler can learn of its request.
func confess(w *ResponseWriter, r *Request) {
	fmt.Fprintf(w, "%s %s %s %s %s %s ", r.Method(), r.Path(), r.RawQueryView(), r.Query("q"), r.Host(), r.Form("q"))
	for name, value := range r.Headers() {
		fmt.Fprintf(w, "%s=%s ", name, value)
	}
	_ = r.Body.Views(func(p View) bool { _, _ = w.Write(p); return true })
	for name, value := range r.Trailers() {
		fmt.Fprintf(w, "%s=%s ", name, value)
	}
}

// spy makes some requests with one secret and looks for others in the answers.
func spy(t *testing.T, s *testServer, rnd *rand.Rand) {
	secret := fmt.Sprintf("SECRET%012dTERCES", rnd.Int64N(1e12))
	p := s.dial()
	defer p.Close()
	for range 1 + rnd.IntN(4) {
		kind := []string{"whole", "flush", "short", "panics", "stream", "sink"}[rnd.IntN(6)]
		path := []string{"/", "/b/"}[rnd.IntN(2)] + kind
		body := "q=" + strings.Repeat(secret, rnd.IntN(300))
		target := path + "?q=" + strings.ReplaceAll(secret, "C", "%43")
		raw := post(target, body, "X-Secret: "+secret, formType)
		if rnd.IntN(2) == 0 {
			raw = postChunked(target, "X-Secret: "+secret) + chunk(body) + "0\r\nX-Trailer: " + secret + "\r\n\r\n"
		}
		if rnd.IntN(4) == 0 { // cut short anywhere, and gone
			_, _ = io.WriteString(p.Conn, raw[:rnd.IntN(len(raw))])
			if rnd.IntN(2) == 0 {
				p.reset()
			} else {
				p.finish()
				checkSecrets(t, p.expectGone("cut short"), secret)
			}
			return
		}
		if _, err := io.WriteString(p.Conn, raw); err != nil {
			return
		}
		a, err := p.tryResponse("POST")
		checkSecrets(t, a.body, secret)
		if err != nil {
			if kind != "panics" {
				t.Errorf("%s: %v", path, err)
			}
			return
		}
		if a.StatusCode == 200 && !strings.Contains(a.body, secret) {
			t.Errorf("%s: the answer %.200q does not hold its own secret", path, a.body)
		}
		if a.Close {
			return
		}
	}
}

func checkSecrets(t *testing.T, text, own string) {
	t.Helper()
	for _, secret := range aSecret.FindAllString(text, -1) {
		if secret != own {
			t.Errorf("somebody else's %s in %.300q, own is %s", secret, text, own)
			return
		}
	}
}

var aSecret = regexp.MustCompile(`SECRET\d{12}TERCES`)
