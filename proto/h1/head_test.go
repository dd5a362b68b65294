package h1

import (
	"bytes"
	"strings"
	"testing"
)

func TestHeadFields(t *testing.T) {
	h := parse(t, get("A: 1\r\nb-C: 2\r\na: 3\r\nEmpty:\r\n"))
	if h.Len() != 5 {
		t.Fatalf("%d fields", h.Len())
	}
	for name, want := range map[string]string{"a": "1", "A": "1", "B-c": "2", "host": "x", "HOST": "x"} {
		if got := string(h.Get(name)); got != want {
			t.Errorf("Get(%q) = %q, want %q", name, got, want)
		}
	}
	if h.Get("empty") == nil || h.Get("none") != nil || h.Get("") != nil || h.Get("b_c") != nil {
		t.Error("an empty value is not nil, an absent one is")
	}
	if name, value := h.At(3); string(name) != "a" || string(value) != "3" {
		t.Errorf("At(3) = %q, %q", name, value)
	}
	defer func() {
		if recover() == nil {
			t.Error("At past the header fields must not reach the trailers")
		}
	}()
	h.At(5)
}

func TestHeadRebase(t *testing.T) {
	in := []byte("\r\n" + strings.Replace(browserGet, "/static", "http://www.example.com/static", 1))
	var e Engine
	var h Head
	e.Init(Server, &defaults)
	if ev := e.Next(in, &h); ev.Kind != HeadDone || ev.N != len(in) {
		t.Fatal(ev)
	}
	want := describe(&h)
	if !bytes.Equal(h.Raw(), in[2:]) {
		t.Errorf("Raw is %q", h.Raw())
	}
	moved := append(bytes.Clone(h.Raw()), "more"...)
	h.Rebase(moved)
	for i := range in {
		in[i] = '!'
	}
	if got := describe(&h); got != want || string(h.Authority()) != "www.example.com" || string(h.Path()) != "/static/app.js" || string(h.RawQuery()) != "v=1" {
		t.Errorf("after the move: %s", got)
	}
	if len(h.Raw()) != len(moved)-4 {
		t.Error("Rebase took more than the head")
	}
}

func TestHeadReset(t *testing.T) {
	h := parse(t, browserGet)
	h.Reset()
	if h.Len() != 0 || len(h.Raw()) != 0 || len(h.Method()) != 0 || h.Host() == nil != (h.raw == nil) || h.ContentLength() != -1 || h.Upgrade() != nil {
		t.Error("something of the last request is left")
	}
	if cap(h.fields) == 0 {
		t.Error("the memory for fields is gone")
	}
}

// One request with very many fields must not fix that memory in a pooled Head for good.
func TestHeadGivesUpLargeFieldTables(t *testing.T) {
	lim := Limits{Headers: -1, Head: -1}.WithDefaults()
	var e Engine
	var h Head
	e.Init(Server, &lim)
	e.Next([]byte(get(strings.Repeat("A: b\r\n", 5000))), &h)
	if h.Len() != 5001 {
		t.Fatal(h.Len())
	}
	h.Reset()
	if cap(h.fields) > spareFields {
		t.Errorf("%d slots are kept", cap(h.fields))
	}
}

func TestHeadIsReusable(t *testing.T) {
	var e Engine
	var h Head
	for _, in := range []string{browserGet, get(""), post("Content-Length: 1\r\nExpect: 100-continue\r\n"), "GET / HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: y\r\n\r\n"} {
		e.Init(Server, &defaults)
		if ev := e.Next([]byte(in), &h); ev.Kind != HeadDone {
			t.Fatal(ev.Err)
		}
		if got, want := describe(&h), describe(parse(t, in)); got != want {
			t.Errorf("reused: %s, fresh: %s", got, want)
		}
		fresh := parse(t, in)
		if h.flags != fresh.flags || h.form != fresh.form || h.ContentLength() != fresh.ContentLength() || string(h.Path()) != string(fresh.Path()) {
			t.Errorf("%q: something of the last request is left", in)
		}
	}
}
