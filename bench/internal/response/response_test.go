package response

import (
	"strings"
	"testing"
)

func TestFeed(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     error
		done     bool
	}{
		{"body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", nil, true},
		{"lower case, no space", "HTTP/1.1 200 OK\r\nDate: x\r\ncontent-length:2\r\n\r\nok", nil, true},
		{"no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", nil, true},
		{"incomplete head", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r", nil, false},
		{"incomplete body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", nil, false},
		{"error status", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", ErrStatus, false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errLength, false},
		{"bad length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", errLength, false},
		{"length in another name", "HTTP/1.1 200 OK\r\nX-Content-Length: 1\r\n\r\n", errLength, false},
		{"too much", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok", errTooMuch, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Response
			done, err := r.Feed([]byte(c.in))
			if done != c.done || err != c.want {
				t.Errorf("whole: got %v, %v, want %v, %v", done, err, c.done, c.want)
			}
			r.Reset()
			done, err = false, nil
			for i := 0; i < len(c.in) && err == nil; i++ {
				if done && c.want == nil {
					t.Fatalf("complete after %d of %d bytes", i, len(c.in))
				}
				done, err = r.Feed([]byte{c.in[i]})
			}
			if err != c.want || err == nil && done != c.done {
				t.Errorf("byte by byte: got %v, %v, want %v, %v", done, err, c.done, c.want)
			}
		})
	}
}

func TestFeedEndlessHead(t *testing.T) {
	var r Response
	for range 100 {
		if _, err := r.Feed([]byte(strings.Repeat("x", 1000))); err != nil {
			return
		}
	}
	t.Error("a head without an end was never refused")
}

func TestCut(t *testing.T) {
	const first = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	const second = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	in := []byte(first + second)
	for n := range len(in) + 1 {
		size, body, err := Cut(in[:n])
		want, wantBody := 0, ""
		if n >= len(first) {
			want, wantBody = len(first), "ok"
		}
		if size != want || string(body) != wantBody || err != nil {
			t.Fatalf("with %d bytes: got %d, %q, %v, want %d, %q", n, size, body, err, want, wantBody)
		}
	}
	if size, body, err := Cut(in[len(first):]); size != len(second) || len(body) != 0 || err != nil {
		t.Errorf("without a body: got %d, %q, %v", size, body, err)
	}
	for _, bad := range []string{"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", maxHead+1)} {
		if _, _, err := Cut([]byte(bad)); err == nil {
			t.Errorf("%.40q: no error", bad)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = Cut(in) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
