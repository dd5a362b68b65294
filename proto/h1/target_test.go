package h1

import (
	"net/netip"
	"strings"
	"testing"
)

func TestTargetRefused(t *testing.T) {
	line := func(method, target string) string { return method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	refuse(t, &defaults, []refusal{
		{"RFC 9112 §3.2 a fragment", line("GET", "/a#b"), ErrTargetFragment},
		{"RFC 9112 §3.2 a fragment in the query", line("GET", "/a?b#c"), ErrTargetFragment},
		{"RFC 9112 §3.2 only a fragment", line("GET", "#"), ErrTargetFragment},
		{"RFC 3986 §2 beyond ASCII", line("GET", "/caf\xc3\xa9"), ErrBadTarget},
		{"RFC 3986 §2 overlong UTF-8", line("GET", "/\xc0\xaf"), ErrBadTarget},
		{"RFC 3986 §2 a control", line("GET", "/a\x01"), ErrBadTarget},
		{"RFC 3986 §2 NUL", line("GET", "/a\x00b"), ErrBadTarget},
		{"RFC 3986 §2 DEL", line("GET", "/a\x7f"), ErrBadTarget},
		{"RFC 3986 §2 TAB", line("GET", "/a\tb"), ErrBadTarget},
		{"RFC 9112 §2.2 CR in the target", "GET /a\rb HTTP/1.1\r\n" + hostLine, ErrNoVersion},
		{"RFC 9112 §2.2 LF in the target", "GET /a\nb HTTP/1.1\r\n" + hostLine, ErrBareLF},
		{"RFC 3986 §2 a backslash in the path", line("GET", `/a\b`), ErrBadTarget},
		{"RFC 3986 §2.1 a broken escape", line("GET", "/%zz"), ErrTargetEscape},
		{"RFC 3986 §2.1 half an escape", line("GET", "/%4"), ErrTargetEscape},
		{"RFC 3986 §2.1 an escape cut by the query", line("GET", "/%4?1"), ErrTargetEscape},
		{"RFC 3986 §2.1 a percent at the end", line("GET", "/%"), ErrTargetEscape},
		{"RFC 3986 §7.3 escaped NUL", line("GET", "/a%00b"), ErrTargetEscape},
		{"RFC 3986 §7.3 escaped CR and LF", line("GET", "/a%0d%0aX:y"), ErrTargetEscape},
		{"RFC 3986 §7.3 escaped LF, upper case", line("GET", "/a%0A"), ErrTargetEscape},
		{"RFC 9112 §3.2 no slash", line("GET", "a/b"), ErrTargetForm},
		{"RFC 9112 §3.2 only a query", line("GET", "?a"), ErrTargetForm},
		{"RFC 9112 §3.2.4 asterisk with GET", line("GET", "*"), ErrAsteriskForm},
		{"RFC 9112 §3.2.4 asterisk with something behind", line("OPTIONS", "*x"), ErrTargetForm},
		{"RFC 9112 §3.2.4 asterisk with a query", line("OPTIONS", "*?x"), ErrTargetForm},
		{"RFC 9112 §3.2.3 authority with GET", line("GET", "x:80"), ErrTargetForm},
		{"RFC 9112 §3.2.3 CONNECT with a path", line("CONNECT", "/"), ErrAuthorityForm},
		{"RFC 9112 §3.2.3 CONNECT with a URI", line("CONNECT", "http://x:80/"), ErrAuthorityForm},
		{"RFC 9110 §9.3.6 CONNECT without port", line("CONNECT", "x"), ErrAuthorityForm},
		{"RFC 9110 §9.3.6 CONNECT with an empty port", line("CONNECT", "x:"), ErrAuthorityForm},
		{"RFC 9110 §9.3.6 CONNECT without host", line("CONNECT", ":80"), ErrAuthorityForm},
		{"RFC 9110 §9.3.6 CONNECT with a port too high", line("CONNECT", "x:65536"), ErrAuthorityForm},
		{"RFC 9112 §3.2.4 CONNECT with an asterisk", line("CONNECT", "*"), ErrAuthorityForm},
		{"RFC 9110 §4.2 another scheme", line("GET", "ftp://x/"), ErrTargetForm},
		{"RFC 9110 §4.2 no slashes", line("GET", "http:/x"), ErrTargetForm},
		{"RFC 9110 §4.2 file", line("GET", "file:///etc/passwd"), ErrTargetForm},
		{"RFC 9110 §4.2.1 no host", line("GET", "http:///"), ErrTargetAuthority},
		{"RFC 9110 §4.2.1 nothing at all", line("GET", "http://"), ErrTargetForm},
		{"RFC 9110 §4.2.1 a port without host", line("GET", "http://:80/"), ErrTargetAuthority},
		{"RFC 9110 §4.2.2 https without host", line("GET", "https://"), ErrTargetForm},
		{"RFC 9110 §4.2.4 user information", line("GET", "http://u:p@x/"), ErrTargetUserinfo},
		{"RFC 9110 §4.2.4 an empty user", line("GET", "http://@x/"), ErrTargetUserinfo},
		{"RFC 3986 §3.2.3 a bad port", line("GET", "http://x:8a/"), ErrTargetAuthority},
		{"RFC 3986 §3.2.2 a bad literal", line("GET", "http://[::g]/"), ErrTargetAuthority},
		{"RFC 3986 §2.1 a broken escape in absolute-form", line("GET", "http://x/%1"), ErrTargetEscape},
		{"RFC 9112 §3.2 Host is missing", "GET http://x/ HTTP/1.1\r\n\r\n", ErrNoHost},
	})
}

func TestTargetParts(t *testing.T) {
	for _, c := range []struct{ line, host, path, query, authority string }{
		{"GET /", "x", "/", "-", "x"},
		{"GET /?", "x", "/", "", "x"},
		{"GET /a/b?c=d?e", "x:1", "/a/b", "c=d?e", "x:1"},
		{"GET //a", "x", "//a", "-", "x"},
		{"GET /http://y/", "x", "/http://y/", "-", "x"},
		{"GET /a?%zz%00\\%", "x", "/a", "%zz%00\\%", "x"},
		{"GET /%41%2f..", "x", "/%41%2f..", "-", "x"},
		{"GET /|[]{}^`\"<>'", "x", "/|[]{}^`\"<>'", "-", "x"},
		{"GET http://x", "x", "/", "-", "x"},
		{"GET http://x?a", "x", "/", "a", "x"},
		{"GET http://x/", "x", "/", "-", "x"},
		{"GET HTTP://X/a?b", "x", "/a", "b", "X"},
		{"GET http://x:80/a", "x", "/a", "-", "x:80"},
		{"GET http://x/a", "x:80", "/a", "-", "x"},
		{"GET http://x:/a", "x", "/a", "-", "x:"},
		{"GET https://x:443/a", "X", "/a", "-", "x:443"},
		{"GET http://x/a", "y:8080", "/a", "-", "x"}, // RFC 9112 §3.2.2: the target wins
		{"GET http://x/a", "", "/a", "-", "x"},
		{"CONNECT x:443", "", "", "-", "x:443"},
		{"GET http://[::1]:8080/a", "[::1]:8080", "/a", "-", "[::1]:8080"},
		{"GET http://x?a/b@c", "x", "/", "a/b@c", "x"},
		{"OPTIONS *", "x", "*", "-", "x"},
		{"OPTIONS *", "", "*", "-", ""},
		{"OPTIONS /", "x", "/", "-", "x"},
		{"OPTIONS http://x", "x", "*", "-", "x"}, // RFC 9112 §3.2.4
		{"OPTIONS http://x?a", "x", "/", "a", "x"},
		{"OPTIONS http://x/", "x", "/", "-", "x"},
		{"CONNECT x:443", "x", "", "-", "x:443"},
		{"CONNECT [::1]:443", "[::1]:443", "", "-", "[::1]:443"},
	} {
		in := c.line + " HTTP/1.1\r\nHost: " + c.host + "\r\n\r\n"
		everyWay(t, &defaults, in)
		h := parse(t, in)
		query := "-"
		if q := h.RawQuery(); q != nil {
			query = string(q)
		}
		if string(h.Path()) != c.path || query != c.query || string(h.Authority()) != c.authority || string(h.Host()) != c.host {
			t.Errorf("%s, Host %q: path %q, query %q, authority %q, host %q", c.line, c.host, h.Path(), query, h.Authority(), h.Host())
		}
	}
}

func TestHostRefused(t *testing.T) {
	host := func(v string) string { return "GET / HTTP/1.1\r\nHost: " + v + "\r\n\r\n" }
	var vectors []refusal
	for _, v := range []string{
		"x/", "x/path", "http://x", "u@x", "u:p@x", "x y", "x\ty", "x,y", "x, y", "x#", "x?", `x\y`, "x\"", "<x>", "x|y", "x^", "x`", "{x}",
		"x:a", "x:+80", "x:-1", "x: 80", "x :80", "x:80:80", "x:65536", "x:99999999999999999999", ":80", ":",
		"[::1", "::1", "[]", "[::g]", "[1.2.3.4]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1]x", "[::1]:x", "[::1]80", "[[::1]]",
		"[v1.a:b]", "[v1.]", "[" + strings.Repeat(":", 60) + "]",
		"caf%C3%A9", "%41", "%zz", "x%4", "x%", "\xc3\xa9", "x\x80",
	} {
		vectors = append(vectors, refusal{"RFC 9112 §3.2 " + v, host(v), ErrBadHost})
	}
	refuse(t, &defaults, append(vectors,
		refusal{"RFC 9112 §3.2 missing", "GET / HTTP/1.1\r\n\r\n", ErrNoHost},
		refusal{"RFC 9112 §3.2 missing, other fields there", "GET / HTTP/1.1\r\nHosts: x\r\nX-Host: x\r\n\r\n", ErrNoHost},
		refusal{"RFC 9112 §3.2 missing with asterisk-form", "OPTIONS * HTTP/1.1\r\n\r\n", ErrNoHost},
		refusal{"RFC 9112 §3.2 missing with CONNECT", "CONNECT x:1 HTTP/1.1\r\n\r\n", ErrNoHost},
		refusal{"RFC 9112 §3.2 missing in HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", ErrNoHost},
		refusal{"RFC 9112 §3.2 two that differ", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", ErrManyHosts},
		refusal{"RFC 9112 §3.2 two that agree", "GET / HTTP/1.1\r\nHost: x\r\nhOST: x\r\n\r\n", ErrManyHosts},
		refusal{"RFC 9112 §3.2 two, one empty", "GET / HTTP/1.1\r\nHost:\r\nHost: x\r\n\r\n", ErrManyHosts},
		refusal{"RFC 9112 §3.2 two in HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", ErrManyHosts},
		refusal{"RFC 9112 §3.2 bad in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", ErrBadHost},
		refusal{"RFC 9110 §4.2.1 empty", host(""), ErrHostEmpty},
		refusal{"RFC 9110 §4.2.1 empty in HTTP/1.0", "GET / HTTP/1.0\r\nHost: \r\n\r\n", ErrHostEmpty},
		refusal{"RFC 9112 §3.2 bad, though the target has an authority", "GET http://x/ HTTP/1.1\r\nHost: a b\r\n\r\n", ErrBadHost},
	))
}

func TestHostAccepted(t *testing.T) {
	for _, v := range []string{
		"x", "X.example.", "127.0.0.1", "127.0.0.1:8080", "x:", "x:0", "x:65535", "x:000080", "a_b", "a-b.c~d", "a!$&'()*+;=b",
		"[::1]", "[::1]:80", "[2001:db8::1]:", "[::ffff:1.2.3.4]", "xn--caf-dma.example",
	} {
		accept(t, &defaults, "GET / HTTP/1.1\r\nHost: "+v+"\r\n\r\n", "GET / HTTP/1.1\r\nhoSt:\t"+v+" \t\r\n\r\n")
	}
	accept(t, &defaults, "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n")
	if got := everyWay(t, &defaults, "GET / HTTP/1.0\r\n\r\n"); got != "GET / 1.0 (close)\nend\nclosed" {
		t.Errorf("HTTP/1.0 knows no Host: %s", got)
	}
}

// FuzzHost compares IPv6 literals and ports with net/netip, and wants splitHost to put back together what it splits.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"x", "x:80", "[::1]:80", "[v1.x]", "a%41:", ":", "[::ffff:1.2.3.4]", "127.0.0.1:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, port, ok := splitHost([]byte(s))
		if addr, err := netip.ParseAddrPort(s); err == nil && addr.Addr().Zone() == "" && !ok {
			t.Errorf("%q is an address and was refused", s)
		}
		if !ok {
			return
		}
		if again := string(host) + ":" + string(port); again != s && again != s+":" {
			t.Errorf("%q was split into %q and %q", s, host, port)
		}
		if strings.ContainsAny(s, " \t\r\n\x00/@#?\\,<>\"") || scanValue([]byte(s), 0) != len(s) {
			t.Errorf("%q was accepted", s)
		}
	})
}
