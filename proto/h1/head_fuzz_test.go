package h1

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// FuzzHead holds what is accepted here against net/http. What net/http refuses is
// refused here, and of the rest both must see the same request.
func FuzzHead(f *testing.F) {
	for _, s := range []string{get(""), browserGet, post("Content-Length: 5\r\n"), chunked(""), "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "GET http://x:80/a?b HTTP/1.1\r\nHost: X\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"GET http://%41/ HTTP/1.1\r\nHost: %41\r\n\r\n", get("Trailer: Content-Length\r\nTE: trailers\r\n")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var e Engine
		var h Head
		e.Init(Server, &defaults)
		if ev := e.Next([]byte(in), &h); ev.Kind != HeadDone {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.Raw())))
		if err != nil {
			t.Fatalf("%q is accepted, net/http: %v", h.Raw(), err)
		}
		compareHead(t, &h, r)
	})
}

func compareHead(t *testing.T, h *Head, r *http.Request) {
	t.Helper()
	if string(h.Method()) != r.Method || string(h.Target()) != r.RequestURI || h.Minor() != r.ProtoMinor {
		t.Errorf("%s %s 1.%d, net/http %s %s 1.%d", h.Method(), h.Target(), h.Minor(), r.Method, r.RequestURI, r.ProtoMinor)
	}
	if got := string(h.Authority()); got != r.Host && h.form != formAuthority {
		t.Errorf("authority %q, net/http %q", got, r.Host)
	}
	if h.form == formOrigin && string(h.RawQuery()) != r.URL.RawQuery && !strings.HasPrefix(r.RequestURI, "//") {
		t.Errorf("query %q, net/http %q", h.RawQuery(), r.URL.RawQuery)
	}
	length := max(h.ContentLength(), 0)
	if h.Chunked() {
		length = -1
	}
	if length != r.ContentLength {
		t.Errorf("length %d, net/http %d", length, r.ContentLength)
	}
	if h.KeepAlive() == r.Close {
		t.Errorf("keep-alive %v, net/http close %v", h.KeepAlive(), r.Close)
	}
	for i := range h.Len() {
		name, value := h.At(i)
		switch key := http.CanonicalHeaderKey(string(name)); key {
		case "Host", "Transfer-Encoding", "Trailer", "Content-Length", "Connection": // net/http takes them out, or some of them
		default:
			if !contains(r.Header[key], string(value)) {
				t.Errorf("%s: %q is not in net/http's %q", name, value, r.Header[key])
			}
		}
	}
}

func contains(values []string, want string) bool {
	for _, v := range values {
		if v == want {
			return true
		}
	}
	return false
}
