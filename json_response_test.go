package ringwire

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

type greeting struct {
	Message string `json:"message"`
	N       int    `json:"n"`
}

// Sizes on both sides of where a body changes its place: small, one lease, several.
var greetings = []any{
	&greeting{"hello", 1},
	greeting{"<&>\u2028\x80", 2},
	map[string]any{"b": 1, "a": []any{nil, true, 1.5}},
	"text", nil, 12, View("a view is base64"),
	&greeting{strings.Repeat("x", copyBody-20), 3},
	&greeting{strings.Repeat("x", copyBody), 4},
	[]greeting{{strings.Repeat("y", 20_000), 5}, {strings.Repeat("z", 300_000), 6}},
}

// A response is what json.Marshal returns, by the default and by codecs made of its like.
func TestResponseJSON(t *testing.T) {
	t.Parallel()
	eachCodec(t, func(t *testing.T, driver string, codec JSONCodec) {
		handlers := map[string]HandlerFunc{}
		for i, v := range greetings {
			handlers[itoa(i)] = func(w *ResponseWriter, r *Request) {
				w.WriteHeader(201)
				if err := w.JSON(v); err != nil && r.Method() != "HEAD" { // whose client may leave before that ends
					t.Error(err)
				}
			}
		}
		s := start(t, driver, routes(handlers), func(s *Server) { s.JSON = codec })
		for _, b := range []string{"/", "/b/"} {
			p := s.dial()
			for range 2 { // the encoder and all memory have been used
				for i, v := range greetings {
					want, _ := json.Marshal(v)
					p.send(get(b + itoa(i)))
					a := p.expect("GET", 201, string(want), fmt.Sprintf("%s%d", b, i))
					if ct := a.Header["Content-Type"]; len(ct) != 1 || ct[0] != "application/json" {
						t.Errorf("%s%d: Content-Type %q", b, i, ct)
					}
					p.send(strings.Replace(get(b+itoa(i)), "GET", "HEAD", 1))
					if a := p.expect("HEAD", 201, "", "HEAD"); len(want) < flushAt && a.ContentLength != int64(len(want)) {
						t.Errorf("%s%d: HEAD says %d bytes, GET has %d", b, i, a.ContentLength, len(want))
					}
				}
			}
		}
	})
}

// angry panics in the middle of its encoding, and may be told to encode itself.
type angry struct{ again func() }

func (a angry) MarshalJSON() ([]byte, error) {
	if a.again != nil {
		a.again()
		return []byte(`"calm"`), nil
	}
	panic("angry")
}

// A value that cannot be encoded leaves nothing behind, and any answer can follow; so
// does one that panics and is caught.
func TestResponseJSONFails(t *testing.T) {
	t.Parallel()
	eachCodec(t, func(t *testing.T, driver string, codec JSONCodec) {
		long := strings.Repeat("x", 70_000)
		after := func(w *ResponseWriter, err error) {
			if err == nil {
				t.Error("a value that cannot be encoded gave no error")
			}
			if n := w.Header().Len(); n != 0 {
				t.Errorf("%d fields are left", n)
			}
			_, _ = w.WriteString("sorry")
		}
		s := start(t, driver, routes(map[string]HandlerFunc{
			"": func(w *ResponseWriter, r *Request) {
				after(w, w.JSON([]any{long, math.NaN()}))
			},
			"second": func(w *ResponseWriter, r *Request) {
				_ = w.JSON(1)
				if err := w.JSON([]any{2, make(chan int)}); err == nil {
					t.Error("a channel was encoded")
				}
				_ = w.JSON(3)
			},
			"panic": func(w *ResponseWriter, r *Request) {
				defer func() { after(w, fmt.Errorf("%v", recover())) }()
				_ = w.JSON([]any{long, angry{}})
			},
			"own": func(w *ResponseWriter, r *Request) {
				_ = w.Header().Set("Content-Type", "application/problem+json")
				_ = w.JSON(func() {})
				_ = w.JSON(&greeting{"problem", 0})
			},
			"declared": func(w *ResponseWriter, r *Request) {
				w.SetContentLength(5)
				if err := w.JSON("longer"); !errors.Is(err, ErrContentLength) {
					t.Errorf("beyond the declared length: %v", err)
				}
				after(w, ErrContentLength)
			},
			"nested": func(w *ResponseWriter, r *Request) {
				_ = w.JSON(angry{func() { _ = w.JSON("nested") }})
			},
		}), func(s *Server) { s.JSON = codec })
		for _, b := range []string{"/", "/b/"} {
			p := s.dial()
			for range 2 {
				for _, c := range []struct{ path, body, kind string }{
					{"", "sorry", "text/plain; charset=utf-8"},
					{"second", "13", "application/json"},
					{"panic", "sorry", "text/plain; charset=utf-8"},
					{"own", `{"message":"problem","n":0}`, "application/problem+json"},
					{"declared", "sorry", "text/plain; charset=utf-8"},
				} {
					p.send(get(b + c.path))
					if a := p.expect("GET", 200, c.body, c.path); a.Header.Get("Content-Type") != c.kind {
						t.Errorf("%s: Content-Type %q, want %q", c.path, a.Header.Get("Content-Type"), c.kind)
					}
				}
				if codec == nil {
					p.send(get(b + "nested"))
					p.expect("GET", 200, `"nested""calm"`, "a value that writes a response of its own while it is encoded")
				}
			}
		}
	})
}

// After the client has gone JSON says so, as Write does.
func TestResponseJSONGone(t *testing.T) {
	t.Parallel()
	eachCodec(t, func(t *testing.T, driver string, codec JSONCodec) {
		got := make(chan error, 1)
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			for {
				if err := w.JSON(strings.Repeat("x", flushAt)); err != nil {
					got <- err
					return
				}
			}
		})).ServeHTTP, func(s *Server) { s.JSON = codec })
		p := s.dial()
		p.send(get("/"))
		_, _ = p.r.Peek(1)
		p.reset()
		if err := <-got; err != ErrConnClosed {
			t.Errorf("got %v, want ErrConnClosed", err)
		}
	})
}

// An encoder that has held a long response is not kept: each exchange has one.
func TestResponseJSONKeepsLittle(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		var kept *jsonEncoder
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			n, _ := r.QueryInt("n")
			_ = w.JSON(strings.Repeat("x", int(n)))
			kept = w.json
		})
		for _, n := range []int{10, maxJSONKept - 2, maxJSONKept + 1, 10} {
			s.dial().get("/?n=" + itoa(n))
			s.onLoop(func(*service) {
				if (kept != nil) != (n < maxJSONKept) {
					t.Errorf("after %d bytes the encoder is kept: %v", n, kept != nil)
				}
			})
		}
	})
}

var (
	sharedGreeting  = greeting{"hello, world", 42}
	sharedGreetings = make([]greeting, 100)
)

// JSON allocates nothing for a struct passed by pointer.
func TestResponseJSONAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("checking builds remember stacks")
	}
	cfg := testConfig(DriverNetpoll)
	if cfg.DisablePooling {
		t.Skip("without pooling every buffer is an allocation")
	}
	for name, h := range map[string]HandlerFunc{
		"struct": func(w *ResponseWriter, r *Request) { _ = w.JSON(&sharedGreeting) },
		"slice":  func(w *ResponseWriter, r *Request) { _ = w.JSON(&sharedGreetings) },
	} {
		serve, request := nullServer(t, cfg, h), []byte(get("/"))
		if n := testing.AllocsPerRun(1000, func() { serve(request) }); n != 0 {
			t.Errorf("%s: %v allocations per response", name, n)
		}
	}
}

// nullServer serves requests without sockets.
func nullServer(t *testing.T, cfg Config, h HandlerFunc) (serve func(request []byte)) {
	t.Helper()
	srv := &Server{Handler: h, Config: cfg}
	if err := srv.prepare(); err != nil {
		t.Fatal(err)
	}
	d := &nullDriver{now: 1}
	_ = srv.newService(d, 1).loop.Run()
	d.ev.Opened(0)
	return func(request []byte) { d.ev.Received(0, request); d.turn() }
}
