package h1

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// FuzzHead holds what is accepted here against net/http. Where both accept, they must see the same request; where only
// net/http refuses, excused must know why. (What is refused only here is the purpose of this package.)
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
			if !excused(&h) {
				t.Errorf("%q is accepted, net/http: %v", h.Raw(), err)
			}
			return
		}
		compareHead(t, &h, r)
	})
}

// excused lists where net/http refuses what is accepted here:
//   - a host with percent-escapes in absolute-form: legal (RFC 3986 §3.2.2), net/url allows them only beyond ASCII;
//   - a host with IPvFuture: legal (RFC 3986 §3.2.2), unknown to net/url;
//   - a Trailer field that announces framing fields: an announcement frames nothing, the fields themselves are refused.
func excused(h *Head) bool {
	host := h.Authority()
	absolute := h.form == formAbsolute || h.form == formAuthority
	return absolute && (bytes.IndexByte(host, '%') >= 0 || bytes.HasPrefix(bytes.ToLower(host), []byte("[v"))) ||
		h.Chunked() && h.Get("Trailer") != nil
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
