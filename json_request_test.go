package ringwire

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
)

const jsonField = "Content-Type: application/json"

// postJSON is a request with that body, as one piece or chunked in three.
func postJSON(target, body string, chunked bool) string {
	if !chunked {
		return post(target, body, jsonField)
	}
	raw := postChunked(target, jsonField)
	for i := range 3 {
		if part := body[len(body)*i/3 : len(body)*(i+1)/3]; part != "" {
			raw += chunk(part)
		}
	}
	return raw + "0\r\n\r\n"
}

// answerJSON says what Request.JSON gives, and answers an error as a handler would.
func answerJSON(w *ResponseWriter, r *Request) {
	var v any
	err := r.JSON(&v)
	if e, ok := as[*JSONError](err); ok {
		Error(w, fmt.Sprintf("%d %v", e.Offset, e.Err), e.Status)
		return
	} else if err != nil {
		panic("not a *JSONError")
	}
	p, _ := json.Marshal(v)
	_, _ = w.Write(p)
}

// jsonBodies are what encoding/json takes and refuses, and what only the default refuses: bytes
// that are no UTF-8, with the place of the first.
var jsonBodies = []struct {
	body string
	bad  int
}{
	{`{"a":[1,"x",null]}`, -1},
	{" \r\n\t1 \n", -1},
	{`"` + strings.Repeat("long ", 20_000) + `"`, -1},
	{`{"a":1,"a":2}`, -1},
	{`"\ud800"`, -1},
	{"", -1},
	{"{", -1},
	{"1 2", -1},
	{"[1]x", -1},
	{`{"a":1}` + strings.Repeat(" ", 5000) + "{}", -1},
	{"{'a':1}", -1},
	{"nil", -1},
	{"\xef\xbb\xbf1", -1},
	{`["` + "\xff\xfe" + `"]`, 2},
	{"\"a\xe2\x82", 2},
}

// wantJSON is the answer of answerJSON to a body, as json.Unmarshal sees it.
func wantJSON(body string) (status int, text string) {
	var v any
	err := json.Unmarshal([]byte(body), &v)
	if e, ok := as[*json.SyntaxError](err); ok {
		return 400, fmt.Sprintf("%d %v\n", e.Offset, e)
	}
	p, _ := json.Marshal(v)
	return 200, string(p)
}

// A body is decoded however it arrives and wherever that is done; what is not one JSON value
// of UTF-8 is refused, and where is said.
func TestRequestJSON(t *testing.T) {
	t.Parallel()
	eachCodec(t, func(t *testing.T, driver string, codec JSONCodec) {
		for _, buffer := range []int{0, 1} { // with 1 nearly all are streamed
			s := start(t, driver, routes(map[string]HandlerFunc{"": answerJSON}), func(s *Server) {
				s.JSON = codec
				if buffer > 0 {
					s.BodyBuffer, s.MaxBody = buffer, -1
				}
			})
			for _, path := range []string{"/", "/b/"} {
				if buffer > 0 && path == "/" {
					continue // TestRequestJSONStreamedOnLoop
				}
				p := s.dial()
				for i, c := range jsonBodies {
					for _, chunked := range []bool{false, true} {
						status, want := wantJSON(c.body)
						if codec == nil && c.bad >= 0 {
							status, want = 400, fmt.Sprintf("%d %v\n", c.bad, errJSONUTF8)
						}
						p.send(postJSON(path, c.body, chunked))
						a := p.response("POST")
						if a.StatusCode != status || (codec == nil || status == 200) && a.body != want {
							t.Errorf("body %d, buffer %d, %q, chunked %v: got %d %.80q, want %d %.80q",
								i, buffer, path, chunked, a.StatusCode, a.body, status, want)
						}
						if a.Close {
							t.Fatalf("body %d: the connection does not go on", i)
						}
					}
				}
			}
		}
	})
}

// Depth has a bound, so that a small body cannot take much stack.
func TestRequestJSONDepth(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			var v any
			e, _ := as[*JSONError](r.JSON(&v))
			fmt.Fprint(w, e == nil || e.Status != 400)
		})
		p := s.dial()
		for depth, want := range map[int]string{1000: "true", 1001: "false", 500_000: "false"} {
			p.send(postJSON("/", strings.Repeat("[", depth)+strings.Repeat("]", depth), false))
			p.expect("POST", 200, want, itoa(depth)+" deep")
		}
	})
}

// On the loop nothing waits for a streamed body: 413.
func TestRequestJSONStreamedOnLoop(t *testing.T) {
	t.Parallel()
	eachCodec(t, func(t *testing.T, driver string, codec JSONCodec) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			var v any
			err := r.JSON(&v)
			e, _ := as[*JSONError](err)
			if e == nil || e.Status != 413 || !errors.Is(err, ErrBodyStreaming) {
				t.Errorf("got %v", err)
			}
			Error(w, "no", 413)
		}, func(s *Server) { s.JSON, s.BodyBuffer, s.MaxBody = codec, 10, 1000 })
		for _, chunked := range []bool{false, true} {
			p := s.dial()
			p.send(postJSON("/", strings.Repeat("1", 100), chunked))
			p.expect("POST", 413, "no\n", "the body is streamed")
		}
	})
}

// A body that is cut short is no value, though what came of it may be one.
func TestRequestJSONTruncated(t *testing.T) {
	t.Parallel()
	eachCodec(t, func(t *testing.T, driver string, codec JSONCodec) {
		got := make(chan error, 1)
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			var v any
			got <- r.JSON(&v)
		})).ServeHTTP, func(s *Server) { s.JSON, s.BodyBuffer, s.MaxBody = codec, 1, 1000 })
		p := s.dial()
		p.send("POST / HTTP/1.1\r\nHost: t\r\n" + jsonField + "\r\nContent-Length: 100\r\n\r\n[1] ")
		p.finish()
		err := <-got
		if e, _ := as[*JSONError](err); e == nil || e.Status != 400 || !errors.Is(err, ErrBodyTruncated) {
			t.Errorf("got %v, want ErrBodyTruncated with 400", err)
		}
	})
}

// Request.JSON takes JSON by its names. What a browser sends across sites without asking is not
// among them; Body.JSON takes anything.
func TestRequestJSONType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind string
		ok   bool
	}{
		{"application/json", true},
		{"Application/JSON", true},
		{"application/json; charset=utf-8", true},
		{"application/json ;charset=utf-8", true},
		{"text/json", true},
		{"application/problem+json", true},
		{"application/vnd.api+JSON;x=y", true},
		{"", false},
		{"text/plain", false},
		{"text/plain; application/json", false},
		{"text/plain;+json", false},
		{"application/x-www-form-urlencoded", false},
		{"application/jsonp", false},
		{"application/json,text/plain", false},
		{"+json", false},
		{"/+json", false},
		{"json", false},
	} {
		if isJSON([]byte(c.kind)) != c.ok {
			t.Errorf("isJSON(%q) is not %v", c.kind, c.ok)
		}
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"": answerJSON,
			"any": func(w *ResponseWriter, r *Request) {
				var n int
				err := r.Body.JSON(&n)
				fmt.Fprint(w, n, err)
			},
		}))
		for _, b := range []string{"/", "/b/"} {
			p := s.dial()
			for _, fields := range [][]string{{}, {"Content-Type: text/plain"}} {
				p.send(post(b, "1", fields...))
				p.expect("POST", 415, "-1 the Content-Type is not JSON\n", "another type")
				p.send(post(b+"any", "1", fields...))
				p.expect("POST", 200, "1 <nil>", "Body.JSON does not ask")
			}
		}
	})
}

// Faults of the value decoded into are told apart: the client's are 400, the program's 500. The
// body is read in any case.
func TestBodyJSONInto(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		into := map[string]func() any{
			"pointer": func() any { return new(greeting) },
			"nil":     func() any { return nil },
			"struct":  func() any { return greeting{} },
		}
		s := start(t, driver, routes(map[string]HandlerFunc{"": func(w *ResponseWriter, r *Request) {
			v := into[r.Query("into")]()
			err := r.Body.JSON(v)
			fmt.Fprintf(w, "%v", err)
			if e, _ := as[*JSONError](err); e != nil {
				w.WriteHeader(e.Status)
			}
			if r.Body.JSON(v) == nil {
				t.Error("the body was there twice")
			}
		}}))
		for _, b := range []string{"/", "/b/"} {
			p := s.dial()
			for _, c := range []struct {
				into, body string
				status     int
			}{
				{"pointer", `{"N":1}`, 200},
				{"pointer", `{"message":1}`, 400},
				{"nil", `1`, 500},
				{"struct", `{}`, 500},
			} {
				want := "<nil>"
				if err := json.Unmarshal([]byte(c.body), into[c.into]()); err != nil {
					at := ""
					if e, ok := as[*json.UnmarshalTypeError](err); ok {
						at = fmt.Sprintf("at byte %d: ", e.Offset)
					}
					want = fmt.Sprintf("ringwire: body as JSON: %s%v", at, err)
				}
				p.send(post(b+"?into="+c.into, c.body))
				p.expect("POST", c.status, want, c.body)
			}
		}
	})
}

// kept is everything that a decoder could leave pointing into the body.
type kept struct {
	S    string
	B    []byte
	R    json.RawMessage
	A    any
	M    map[string]string
	P    *string
	L    []string
	Text textual
	Own  owner
}

type textual struct{ s string }

func (t *textual) UnmarshalText(p []byte) error { t.s = string(p); return nil }

type owner struct{ p []byte }

func (o *owner) UnmarshalJSON(p []byte) error { o.p = append([]byte(nil), p...); return nil }

func keptText(c byte) string {
	x := strings.Repeat(string(c), 40)
	return strings.ReplaceAll(`{"S":"X","B":"XXXX","R":["X"],"A":{"X":["X"]},"M":{"X":"X"},"P":"X","L":["X"],"Text":"X","Own":"X"}`, "X", x)
}

// What was decoded is the handler's for good, whatever the memory of its request is used for
// afterwards.
func TestJSONIsCopied(t *testing.T) {
	t.Parallel()
	eachCodec(t, func(t *testing.T, driver string, codec JSONCodec) {
		var mu sync.Mutex
		var all []*kept
		s := start(t, driver, routes(map[string]HandlerFunc{"": func(w *ResponseWriter, r *Request) {
			v := new(kept)
			if err := r.JSON(v); err != nil {
				t.Error(err)
			}
			mu.Lock()
			all = append(all, v)
			mu.Unlock()
		}}), func(s *Server) { s.JSON = codec })
		const letters = "abcdefgh"
		for _, b := range []string{"/", "/b/"} {
			for _, chunked := range []bool{false, true} {
				p := s.dial()
				for _, c := range []byte(letters) {
					p.send(postJSON(b, keptText(c), chunked))
					p.expect("POST", 200, "", "kept")
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for i, v := range all {
			var want kept
			if err := json.Unmarshal([]byte(keptText(letters[i%len(letters)])), &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*v, want) {
				t.Errorf("value %d is now %+v", i, *v)
			}
		}
	})
}

// Decoding allocates what encoding/json does, and nothing besides.
func TestBodyJSONAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("checking builds remember stacks")
	}
	cfg := testConfig(DriverNetpoll)
	if cfg.DisablePooling {
		t.Skip("without pooling every buffer is an allocation")
	}
	body := []byte(`{"message":"hello, world","n":42}`)
	var into greeting
	serve := nullServer(t, cfg, func(w *ResponseWriter, r *Request) { _ = r.JSON(&into) })
	own := testing.AllocsPerRun(1000, func() { _ = json.Unmarshal(body, &into) })
	request := []byte(postJSON("/", string(body), false))
	if n := testing.AllocsPerRun(1000, func() { serve(request) }); n != own || into != sharedGreeting {
		t.Errorf("%v allocations per request, %v of them encoding/json's; got %v", n, own, into)
	}
	t.Logf("%v allocations, all encoding/json's", own)
}
