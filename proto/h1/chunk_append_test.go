package h1

import (
	"bytes"
	"io"
	"math"
	"net/http/httputil"
	"strconv"
	"strings"
	"testing"
)

func TestAppendChunkHead(t *testing.T) {
	for _, n := range []int{1, 9, 10, 15, 16, 255, 256, 4096, 65535, 1 << 20, math.MaxInt32, math.MaxInt} {
		if got, want := string(AppendChunkHead(nil, n)), strconv.FormatUint(uint64(n), 16)+"\r\n"; got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestAppendChunks(t *testing.T) {
	var out []byte
	for _, s := range []string{"hello", "", strings.Repeat("x", 1000)} {
		out = AppendChunk(out, []byte(s)) // an empty chunk would end the body
	}
	out = AppendLastChunk(out, nil)
	got, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(out)))
	if err != nil || string(got) != "hello"+strings.Repeat("x", 1000) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestAppendLastChunkWithTrailers(t *testing.T) {
	var f Fields
	set(t, f.Set("Server-Timing", "a;dur=1"))
	if got := string(AppendLastChunk(nil, &f)); got != "0\r\nServer-Timing: a;dur=1\r\n\r\n" {
		t.Errorf("got %q", got)
	}
}

// What is sent here can be received here.
func TestChunksRoundTrip(t *testing.T) {
	var f Fields
	set(t, f.Set("X", "y"))
	body := AppendLastChunk(AppendChunk(AppendChunk(nil, []byte("ab")), bytes.Repeat([]byte("c"), 300)), &f)
	want := "POST / 1.1 | Host=x | Transfer-Encoding=chunked\ndata ab" + strings.Repeat("c", 300) + "\nend | X=y"
	if got := everyWay(t, &defaults, chunked(string(body))); got != want {
		t.Errorf("got %s", got)
	}
}
