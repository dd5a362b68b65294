package h1

import (
	"strings"
	"testing"
)

const hostLine = "Host: x\r\n\r\n"

func TestRequestLineRefused(t *testing.T) {
	refuse(t, &defaults, []refusal{
		{"RFC 9110 §9.1 a method with a control", "G\x01T / HTTP/1.1\r\n" + hostLine, ErrBadMethod},
		{"RFC 9110 §9.1 a method with a separator", "GE(T / HTTP/1.1\r\n" + hostLine, ErrBadMethod},
		{"RFC 9110 §9.1 a method with a colon", "GET: / HTTP/1.1\r\n" + hostLine, ErrBadMethod},
		{"RFC 9110 §9.1 a method beyond ASCII", "G\xc3\xa9T / HTTP/1.1\r\n" + hostLine, ErrBadMethod},
		{"RFC 9110 §9.1 a byte-order mark", "\xef\xbb\xbfGET / HTTP/1.1\r\n" + hostLine, ErrBadMethod},
		{"RFC 9110 §9.1 NUL", "\x00GET / HTTP/1.1\r\n" + hostLine, ErrBadMethod},
		{"RFC 9112 §3 a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ErrBadMethod},
		{"RFC 9112 §3 method alone", "GET\r\n" + hostLine, ErrBadMethod},
		{"RFC 9112 §3 method alone, bare LF", "GET\n" + hostLine, ErrBadMethod},
		{"RFC 9112 §3 TAB for SP after the method", "GET\t/ HTTP/1.1\r\n" + hostLine, ErrBadMethod},
		{"RFC 9112 §3 TAB for SP after the target", "GET /\tHTTP/1.1\r\n" + hostLine, ErrBadTarget},
		{"RFC 9112 §3 two spaces after the method", "GET  / HTTP/1.1\r\n" + hostLine, ErrEmptyTarget},
		{"RFC 9112 §3 two spaces after the target", "GET /  HTTP/1.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §3 no target", "GET HTTP/1.1\r\n" + hostLine, ErrNoVersion},
		{"RFC 9112 §3 an empty target", "GET \r\n" + hostLine, ErrEmptyTarget},
		{"RFC 9112 §3 HTTP/0.9's simple request", "GET /\r\n" + hostLine, ErrNoVersion},
		{"RFC 9112 §3 HTTP/0.9's simple request, bare LF", "GET /\n", ErrBareLF},
		{"RFC 9112 §3 a space and no version", "GET / \r\n" + hostLine, ErrNoVersion},
		{"RFC 9112 §3.2 a space in the target", "GET /a b HTTP/1.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §3 something after the version", "GET / HTTP/1.1 x\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §3 a space after the version", "GET / HTTP/1.1 \r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.2 bare LF after the version", "GET / HTTP/1.1\nHost: x\r\n\r\n", ErrBareLF},
		{"RFC 9112 §2.2 bare CR after the version", "GET / HTTP/1.1\rHost: x\r\n\r\n", ErrBareCR},
		{"RFC 9112 §2.2 CR CR LF", "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n", ErrBareCR},
		{"RFC 9112 §2.3 a lower-case name", "GET / http/1.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 a mixed name", "GET / Http/1.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 another protocol", "GET / RTSP/1.0\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 another HTTP", "GET / HTTPS/1.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 no minor", "GET / HTTP/1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 an empty minor", "GET / HTTP/1.\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 no major", "GET / HTTP/.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 a leading zero", "GET / HTTP/01.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 a minor of two digits", "GET / HTTP/1.10\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 a minor that is no digit", "GET / HTTP/1.x\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 a comma", "GET / HTTP/1,1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9112 §2.3 a space within", "GET / HTTP/ 1.1\r\n" + hostLine, ErrBadVersion},
		{"RFC 9110 §15.6.6 HTTP/0.9 spelled out", "GET / HTTP/0.9\r\n" + hostLine, ErrVersion},
		{"RFC 9110 §15.6.6 HTTP/2.0", "GET / HTTP/2.0\r\n" + hostLine, ErrVersion},
		{"RFC 9110 §15.6.6 HTTP/9.9", "GET / HTTP/9.9\r\n" + hostLine, ErrVersion},
		{"RFC 9113 §3.4 HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ErrVersion},
	})
}

func TestRequestLineTooLong(t *testing.T) {
	lim := Limits{RequestLine: 64}.WithDefaults()
	line := func(n int) string { return "GET /" + strings.Repeat("a", n-16) + " HTTP/1.1\r\n" }
	if n := len(line(64)); n != 64 {
		t.Fatal(n)
	}
	accept(t, &lim, line(64)+hostLine)
	refuse(t, &lim, []refusal{
		{"RFC 9112 §3 one byte too many", line(65) + hostLine, ErrRequestLineTooLong},
		{"RFC 9112 §3 as many bytes as there may be, and no end", line(66)[:64], ErrRequestLineTooLong},
		{"RFC 9112 §3 in the target", line(200) + hostLine, ErrRequestLineTooLong},
		{"RFC 9112 §3 in the method", strings.Repeat("M", 65) + " / HTTP/1.1\r\n" + hostLine, ErrMethodTooLong},
		{"RFC 9112 §3 a method that never ends", strings.Repeat("M", 300), ErrMethodTooLong},
	})
	small := Limits{RequestLine: 64, Head: 40}.WithDefaults()
	refuse(t, &small, []refusal{{"RFC 6585 §5 a line longer than the head may be", line(50) + hostLine, ErrRequestLineTooLong}})
}

func TestRequestLineDefaultLimit(t *testing.T) {
	// RFC 9112 §3 recommends to support request lines of 8000 bytes at least.
	if got := whole(&defaults, "GET /"+strings.Repeat("a", 8000-16)+" HTTP/1.1\r\n"+hostLine); !strings.HasSuffix(got, "end") {
		t.Errorf("8000 bytes: %.40s", got[len(got)-40:])
	}
	if got := whole(&defaults, "GET /"+strings.Repeat("a", 9000)); got != "fail 414 the request line is too long" {
		t.Errorf("9000 bytes: %.60s", got)
	}
}

func TestRequestLineAccepted(t *testing.T) {
	accept(t, &defaults,
		"get / HTTP/1.1\r\n"+hostLine, // a token like any other
		"M-SEARCH / HTTP/1.1\r\n"+hostLine,
		"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n"+hostLine,
		"X / HTTP/1.1\r\n"+hostLine,
		"TRACE / HTTP/1.1\r\n"+hostLine,
		"GET / HTTP/1.2\r\n"+hostLine, // served as 1.1 (RFC 9110 §2.5)
		"GET / HTTP/1.9\r\n"+hostLine,
	)
}

func TestMinorVersions(t *testing.T) {
	for minor, keep := range map[byte]bool{'0': false, '1': true, '2': true, '9': true} {
		h := parse(t, "GET / HTTP/1."+string(minor)+"\r\n"+hostLine)
		if h.Minor() != int(minor-'0') || h.KeepAlive() != keep {
			t.Errorf("HTTP/1.%c: minor %d, keep-alive %v", minor, h.Minor(), h.KeepAlive())
		}
	}
}

// A method is refused at its first wrong byte, not when the line ends: what is no HTTP gets no further.
func TestRequestLineFailsEarly(t *testing.T) {
	for in, want := range map[string]*Error{
		"\x16": ErrBadMethod, "GET /\x7f": ErrBadTarget, "GET / HTTQ": ErrBadVersion, "GET / HTTP/5.6": ErrVersion, "GET / HTTP/1.1\n": ErrBareLF,
	} {
		var e Engine
		e.Init(Server, &defaults)
		if ev := e.Next([]byte(in), new(Head)); ev.Err != want {
			t.Errorf("%q: %v, want %v", in, ev.Err, want)
		}
	}
}
