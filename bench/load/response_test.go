//go:build linux

package main

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
		{"error status", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", errStatus, false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errLength, false},
		{"bad length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", errLength, false},
		{"length in another name", "HTTP/1.1 200 OK\r\nX-Content-Length: 1\r\n\r\n", errLength, false},
		{"too much", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok", errTooMuch, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r response
			done, err := r.feed([]byte(c.in))
			if done != c.done || err != c.want {
				t.Errorf("whole: got %v, %v, want %v, %v", done, err, c.done, c.want)
			}
			r.reset()
			done, err = false, nil
			for i := 0; i < len(c.in) && err == nil; i++ {
				if done && c.want == nil {
					t.Fatalf("complete after %d of %d bytes", i, len(c.in))
				}
				done, err = r.feed([]byte{c.in[i]})
			}
			if err != c.want || err == nil && done != c.done {
				t.Errorf("byte by byte: got %v, %v, want %v, %v", done, err, c.done, c.want)
			}
		})
	}
}

func TestFeedEndlessHead(t *testing.T) {
	var r response
	for range 100 {
		if _, err := r.feed([]byte(strings.Repeat("x", 1000))); err != nil {
			return
		}
	}
	t.Error("a head without an end was never refused")
}
