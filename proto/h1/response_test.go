package h1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

var date = []byte("Sun, 06 Nov 1994 08:49:37 GMT")

// answer returns the head of the response r to the request in, and the engine after it.
func answer(t *testing.T, in string, r *ResponseHead) (string, *Engine) {
	t.Helper()
	e := new(Engine)
	e.Init(Server, &defaults)
	if ev := e.Next([]byte(in), new(Head)); ev.Kind != HeadDone {
		t.Fatal(ev.Err)
	}
	return string(e.AppendResponseHead(nil, r)), e
}

func TestResponseFraming(t *testing.T) {
	head, get10, keep10 := strings.Replace(get(""), "GET", "HEAD", 1), "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	connect := "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n"
	const te, cl, close, keep = "Transfer-Encoding: chunked\r\n", "Content-Length: 3\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n"
	for _, c := range []struct {
		name, in                  string
		status                    int
		length                    int64
		want                      string
		body, chunking, keepAlive bool
	}{
		{"RFC 9112 §6.2 a known length", get(""), 200, 3, cl, true, false, true},
		{"RFC 9112 §6.2 an empty body", get(""), 200, 0, "Content-Length: 0\r\n", true, false, true},
		{"RFC 9112 §6.1 an unknown length", get(""), 200, -1, te, true, true, true},
		{"RFC 9112 §6.1 no chunks for 1.0", get10, 200, -1, close, true, false, false},
		{"RFC 9112 §6.3 the connection delimits, even with keep-alive", keep10, 200, -1, close, true, false, false},
		{"RFC 9112 §9.3 1.0 closes", get10, 200, 3, cl + close, true, false, false},
		{"RFC 9112 §9.3 1.0 keeps alive when asked", keep10, 200, 3, cl + keep, true, false, true},
		{"RFC 9112 §9.6 close is confirmed", get("Connection: close\r\n"), 200, 3, cl + close, true, false, false},
		{"RFC 9110 §9.3.2 HEAD with a length", head, 200, 3, cl, false, false, true},
		{"RFC 9110 §9.3.2 HEAD without", head, 200, -1, "", false, false, true},
		{"RFC 9110 §15.3.5 204", get(""), 204, 3, "", false, false, true},
		{"RFC 9110 §15.3.5 204, unknown length", get(""), 204, -1, "", false, false, true},
		{"RFC 9110 §15.3.6 205", get(""), 205, -1, "Content-Length: 0\r\n", false, false, true},
		{"RFC 9110 §15.3.6 205 with a length", get(""), 205, 3, "Content-Length: 0\r\n", false, false, true},
		{"RFC 9110 §15.4.5 304", get(""), 304, 3, "", false, false, true},
		{"RFC 9110 §15.4.5 304 to 1.0, unknown length", keep10, 304, -1, keep, false, false, true},
		{"RFC 9112 §6.3 2xx to CONNECT", connect, 200, 3, close, false, false, false},
		{"RFC 9112 §6.3 an error to CONNECT", connect, 405, 3, cl, true, false, true},
		{"RFC 9110 §10.1.1 a body that nobody asked to send", post("Expect: 100-continue\r\nContent-Length: 5\r\n"), 413, 3, cl + close, true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, e := answer(t, c.in, &ResponseHead{Status: c.status, ContentLength: c.length})
			line, fields, _ := strings.Cut(got, "\r\n")
			if !strings.HasPrefix(line, "HTTP/1.1 ") || fields != c.want+"\r\n" {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if e.BodyAllowed() != c.body || e.Chunking() != c.chunking || e.FinishResponse() != c.keepAlive {
				t.Errorf("body %v, chunking %v, keep-alive %v", e.BodyAllowed(), e.Chunking(), !c.keepAlive)
			}
		})
	}
}

func TestResponseHeadParts(t *testing.T) {
	var f Fields
	if err := f.Set("A", "b"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		r    ResponseHead
		want string
	}{
		{ResponseHead{Status: 200, Date: date, Fields: &f}, "HTTP/1.1 200 OK\r\nDate: " + string(date) + "\r\nA: b\r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: 200, Reason: "Fine"}, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: 299}, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"}, // the space stays, RFC 9112 §4
		{ResponseHead{Status: 999}, "HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: 0}, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: 99}, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: 1000}, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: -200}, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: 101}, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"}, // nobody offered
		{ResponseHead{Status: 200, Reason: "a\r\nSet-Cookie: b"}, "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"},
		{ResponseHead{Status: 200, Close: true}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
	} {
		if got, _ := answer(t, get(""), &c.r); got != c.want {
			t.Errorf("%+v: %q, want %q", c.r, got, c.want)
		}
	}
}

func TestResponseFieldsDecideToo(t *testing.T) {
	var f Fields
	for _, s := range [][2]string{{"Connection", "close"}, {"date", "mine"}} {
		if err := f.Set(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	got, e := answer(t, get(""), &ResponseHead{Status: 200, Fields: &f, Date: date})
	if got != "HTTP/1.1 200 OK\r\ndate: mine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" || e.FinishResponse() {
		t.Errorf("got %q", got)
	}
}

func TestAppendContinue(t *testing.T) {
	const want = "HTTP/1.1 100 Continue\r\n\r\n"
	waits := post("Expect: 100-continue\r\nContent-Length: 2\r\n")
	d := newDialogue(t)
	d.next(waits, HeadDone, len(waits), "", "the head")
	if got := string(d.e.AppendContinue([]byte("…"))); got != "…"+want {
		t.Fatalf("got %q", got)
	}
	if got := d.e.AppendContinue(nil); got != nil {
		t.Fatalf("said twice: %q", got)
	}
	d.next("ab", Data, 2, "ab", "the body")
	d.respond(&ResponseHead{Status: 200}, "Content-Length: 0\r\n\r\n", "no close: the body came")
	d.finish(true, "all is well")
	d.next(waits, End, 0, "", "the first request's end")

	d.next(waits, HeadDone, len(waits), "", "the head again")
	d.next("a", Data, 1, "a", "a client that did not wait")
	if got := d.e.AppendContinue(nil); got != nil {
		t.Errorf("nobody waits any more (RFC 9110 §10.1.1): %q", got)
	}
	for _, in := range []string{get(""), get("Expect: 100-continue\r\n"), "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"} {
		e := new(Engine)
		e.Init(Server, &defaults)
		e.Next([]byte(in), new(Head))
		if got := e.AppendContinue(nil); got != nil {
			t.Errorf("%q: %q, but nobody waits", in, got)
		}
	}
	e := new(Engine)
	e.Init(Server, &defaults)
	if got := e.AppendContinue(nil); got != nil {
		t.Errorf("without a request: %q", got)
	}
}

func TestContinueAfterChunkLine(t *testing.T) {
	d := newDialogue(t)
	in := post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n")
	d.next(in, HeadDone, len(in), "", "the head")
	d.next("", NeedMore, 0, "", "the client waits")
	d.next("5", NeedMore, 1, "", "the client did not wait")
	if got := d.e.AppendContinue(nil); got != nil {
		t.Errorf("nobody waits any more: %q", got)
	}
}

// Who sends the body right behind the head waits for nothing; the RFC lets the server leave 100 out then.
func TestContinueWithTheBodyBehindTheHead(t *testing.T) {
	for in, body := range map[string]string{
		post("Expect: 100-continue\r\nContent-Length: 2\r\n"):          "ab",
		post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"): "2\r\nab\r\n0\r\n\r\n",
	} {
		d := newDialogue(t)
		d.next(in+body, HeadDone, len(in), "", "the head")
		if got := d.e.AppendContinue(nil); got != nil {
			t.Errorf("%q: nobody waits (RFC 9110 §10.1.1), got %q", in+body, got)
		}
		d.respond(&ResponseHead{Status: 200}, "Content-Length: 0\r\n\r\n", "no close: the body is known to come")
	}
}

func TestInterimResponses(t *testing.T) {
	var f Fields
	if err := f.Set("Link", "</a.css>; rel=preload"); err != nil {
		t.Fatal(err)
	}
	hints := &ResponseHead{Status: 103, Fields: &f, ContentLength: 3, Date: date}
	d := newDialogue(t)
	d.next(get(""), HeadDone, len(get("")), "", "the head")
	for range 2 {
		if got := string(d.e.AppendResponseHead(nil, hints)); got != "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" {
			t.Fatalf("got %q", got)
		}
	}
	d.respond(&ResponseHead{Status: 200}, "200 OK", "the final response")
	d.finish(true, "interim responses change nothing")

	if got, _ := answer(t, "GET / HTTP/1.0\r\n\r\n", hints); got != "" {
		t.Errorf("1xx to HTTP/1.0 (RFC 9110 §15.2): %q", got)
	}
	waits := post("Expect: 100-continue\r\nContent-Length: 2\r\n")
	if _, e := answer(t, waits, &ResponseHead{Status: 100}); e.AppendContinue(nil) != nil {
		t.Error("100 was said already")
	}
}

func TestAppendError(t *testing.T) {
	want := "HTTP/1.1 400 Bad Request\r\nDate: " + string(date) + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 16\r\nConnection: close\r\n\r\n"
	if got := string(AppendError(nil, ErrNoHost, date)); got != want+"Host is missing\n" {
		t.Errorf("got %q", got)
	}
	for in, body := range map[string]string{"GET / HTTP/1.1\r\n\r\n": "Host is missing\n", "HEAD / HTTP/1.1\r\n\r\n": ""} {
		var e Engine
		e.Init(Server, &defaults)
		ev := e.Next([]byte(in), new(Head))
		if got := string(e.AppendError(nil, ev.Err, date)); got != want+body {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := string(AppendError(nil, &Error{Status: 408, Text: "x"}, nil)); !strings.HasPrefix(got, "HTTP/1.1 408 Request Timeout\r\nContent-Type") {
		t.Errorf("without date: %q", got)
	}
}

// HEAD is known as soon as the method was read, also when the line after it is what is wrong.
func TestAppendErrorToHEADWithABadField(t *testing.T) {
	var e Engine
	e.Init(Server, &defaults)
	ev := e.Next([]byte("HEAD / HTTP/1.1\r\nHost : x\r\n\r\n"), new(Head))
	if got := string(e.AppendError(nil, ev.Err, nil)); !strings.HasSuffix(got, "\r\n\r\n") {
		t.Errorf("a body for HEAD: %q", got)
	}
}

// FuzzResponse sends a response and wants net/http's client to read it back.
func FuzzResponse(f *testing.F) {
	f.Add(200, int8(0), "X", "y", []byte("hello"), false)
	f.Add(204, int8(1), "Date", "now", []byte(""), true)
	f.Add(302, int8(2), "Location", "/\xff", []byte("a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), false)
	f.Add(200, int8(3), "Set-Cookie", "a=b\r\nX: y", []byte{0}, true)
	requests := []string{get(""), "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}
	f.Fuzz(func(t *testing.T, status int, which int8, name, value string, body []byte, known bool) {
		in := requests[int(uint8(which))%len(requests)]
		var fields Fields
		kept := fields.Add(name, value) == nil && !strings.EqualFold(name, "connection")
		r := &ResponseHead{Status: max(status, 200), ContentLength: -1, Fields: &fields, Date: date}
		if known {
			r.ContentLength = int64(len(body))
		}
		head, e := answer(t, in, r)
		out := []byte(head)
		switch {
		case !e.BodyAllowed():
			body = nil
		case e.Chunking():
			out = AppendLastChunk(AppendChunk(out, body), nil)
		default:
			out = append(out, body...)
		}
		keep := e.FinishResponse()
		method, _, _ := strings.Cut(in, " ")
		tail := ""
		if keep {
			tail = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
		}
		src := bufio.NewReader(io.MultiReader(bytes.NewReader(out), strings.NewReader(tail)))
		res, err := http.ReadResponse(src, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		got, err := io.ReadAll(res.Body)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%q: body %q, %v; sent %q", out, got, err, body)
		}
		if kept && !contains(res.Header.Values(name), strings.Trim(value, " \t")) && !strings.EqualFold(name, "trailer") {
			t.Errorf("%q: %s is %q, sent %q", out, name, res.Header.Values(name), value)
		}
		if rest, _ := io.ReadAll(src); string(rest) != tail {
			t.Errorf("%q leaves %q", out, rest)
		}
	})
}
