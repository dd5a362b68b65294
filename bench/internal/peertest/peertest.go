// Package peertest checks that a server answers the profiles' endpoints, with net/http's client as the judge. All
// servers of this module pass the same checks, so a figure never compares different work.
package peertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/dataset"
	"github.com/ringwire/ringwire/bench/internal/fixed"
	"github.com/ringwire/ringwire/bench/internal/payload"
	"github.com/ringwire/ringwire/bench/internal/peer"
)

const limit = 10 * time.Second

// FreeAddr returns an address on 127.0.0.1 that nobody listened on a moment ago.
func FreeAddr(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// Run starts a peer in this process, with and without timeouts, runs check against it and shuts it down.
func Run(t *testing.T, start peer.Start, check func(t *testing.T, addr string)) {
	for _, timeouts := range []bool{true, false} {
		t.Run(fmt.Sprintf("timeouts=%v", timeouts), func(t *testing.T) {
			o := peer.Options{Addr: FreeAddr(t), Timeouts: timeouts}
			srv, err := start(o)
			if err != nil {
				t.Fatal(err)
			}
			check(t, o.Addr)
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			if c, err := net.Dial("tcp", o.Addr); err == nil {
				c.Close()
				t.Error("still listening after Shutdown")
			}
		})
	}
}

// Endpoints checks every profile endpoint, pipelining included.
func Endpoints(t *testing.T, addr string) {
	Pipelining(t, addr)
	client := &http.Client{Timeout: limit, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	const size = 3<<20 + 17
	body := func(s string) io.Reader { return strings.NewReader(s) }
	unsized := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) } // net/http sends it chunked
	for _, c := range []struct {
		name, method, path string
		body               io.Reader
		status             int
		contentType, want  string
	}{
		{"baseline GET", "GET", "/baseline11?a=13&b=42", nil, 200, "text/plain", "55"},
		{"baseline negative", "GET", "/baseline11?a=-13&b=3", nil, 200, "text/plain", "-10"},
		{"baseline without query", "GET", "/baseline11", nil, 200, "text/plain", "0"},
		{"baseline without b", "GET", "/baseline11?a=7", nil, 200, "text/plain", "7"},
		{"baseline no numbers", "GET", "/baseline11?a=x1&b=1.5", nil, 200, "text/plain", "0"},
		{"baseline other order", "GET", "/baseline11?b=2&c=9&a=1", nil, 200, "text/plain", "3"},
		{"baseline escaped", "GET", "/baseline11?a=%31%32&b=+5", nil, 200, "text/plain", "17"},
		{"baseline largest", "GET", "/baseline11?a=9223372036854775807", nil, 200, "text/plain", "9223372036854775807"},
		{"baseline too large", "GET", "/baseline11?a=9223372036854775808&b=1", nil, 200, "text/plain", "1"},
		{"baseline POST", "POST", "/baseline11?a=13&b=42", body("20"), 200, "text/plain", "75"},
		{"baseline POST line", "POST", "/baseline11?a=13&b=42", body("20\r\n"), 200, "text/plain", "75"},
		{"baseline POST no number", "POST", "/baseline11?a=13&b=42", body("twenty"), 200, "text/plain", "55"},
		{"baseline POST empty", "POST", "/baseline11?a=13&b=42", nil, 200, "text/plain", "55"},
		{"baseline chunked", "POST", "/baseline11?a=13&b=42", unsized("-20"), 200, "text/plain", "35"},
		{"json", "GET", "/json/25?m=3", nil, 200, "application/json", string(dataset.AppendJSON(nil, 25, 3))},
		{"json all", "GET", "/json/50", nil, 200, "application/json", string(dataset.AppendJSON(nil, 50, 1))},
		{"json none", "GET", "/json/0?m=2", nil, 200, "application/json", `{"items":[],"count":0}`},
		{"json too many", "GET", "/json/51", nil, 200, "application/json", string(dataset.AppendJSON(nil, 50, 1))},
		{"json negative m", "GET", "/json/2?m=-3", nil, 200, "application/json", string(dataset.AppendJSON(nil, 2, -3))},
		{"json empty m", "GET", "/json/2?m=", nil, 200, "application/json", string(dataset.AppendJSON(nil, 2, 1))},
		{"json no number m", "GET", "/json/2?m=x", nil, 200, "application/json", string(dataset.AppendJSON(nil, 2, 0))},
		{"json negative count", "GET", "/json/-1", nil, 404, "", ""},
		{"json bad count", "GET", "/json/x", nil, 404, "", ""},
		{"bytes", "GET", "/bytes/65536", nil, 200, "application/octet-stream", string(payload.Bytes(65536))},
		{"bytes many", "GET", "/bytes/16777216", nil, 200, "application/octet-stream", string(payload.Bytes(16 << 20))},
		{"bytes none", "GET", "/bytes/0", nil, 200, "application/octet-stream", ""},
		{"bytes bad size", "GET", "/bytes/x", nil, 404, "", ""},
		{"empty upload", "POST", "/upload", nil, 200, "text/plain", "0"},
		{"small upload", "POST", "/upload", body("hello"), 200, "text/plain", "5"},
		{"upload", "POST", "/upload", body(strings.Repeat("x", size)), 200, "text/plain", fmt.Sprint(size)},
		{"upload chunked", "POST", "/upload", unsized(strings.Repeat("x", size)), 200, "text/plain", fmt.Sprint(size)},
		{"unknown", "GET", "/nowhere", nil, 404, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequest(c.method, "http://"+addr+c.path, c.body)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status {
				t.Fatalf("status %d, want %d: %q", resp.StatusCode, c.status, got)
			}
			if c.status != 200 {
				return
			}
			if string(got) != c.want {
				t.Errorf("body of %d bytes %.300q, want %d bytes %.300q", len(got), got, len(c.want), c.want)
			}
			if ct := resp.Header.Get("Content-Type"); !strings.HasPrefix(ct, c.contentType) {
				t.Errorf("Content-Type %q, want %q", ct, c.contentType)
			}
			if resp.ContentLength != int64(len(got)) {
				t.Errorf("Content-Length %d with %d bytes: the benchmark wants it set", resp.ContentLength, len(got))
			}
		})
	}
}

// Pipelining checks GET /pipeline: alone, more than one batch of fixed.Batch in one write, and with a head that
// arrives in pieces.
func Pipelining(t *testing.T, addr string) {
	const request = "GET /pipeline HTTP/1.1\r\nHost: bench\r\n\r\n"
	for _, c := range []struct {
		name   string
		writes []string
		want   int
	}{
		{"one", []string{request}, 1},
		{"sixteen", []string{strings.Repeat(request, 16)}, 16},
		{"many", []string{strings.Repeat(request, fixed.Batch+3)}, fixed.Batch + 3},
		{"split in the head", []string{request[:10], request[10:]}, 1},
		{"split in the terminator", []string{request + request[:len(request)-2], request[len(request)-2:] + request}, 3},
	} {
		t.Run("pipeline "+c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(limit))
			for i, w := range c.writes {
				if i > 0 {
					time.Sleep(20 * time.Millisecond) // so that the pieces arrive as two reads
				}
				if _, err := io.WriteString(conn, w); err != nil {
					t.Fatal(err)
				}
			}
			in := bufio.NewReader(conn)
			for i := range c.want {
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatalf("response %d of %d: %v", i+1, c.want, err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != 200 || string(body) != "ok" {
					t.Fatalf("response %d of %d: status %d, body %q, %v", i+1, c.want, resp.StatusCode, body, err)
				}
			}
		})
	}
}

// AddressInUse checks that a taken address is an error of start, not a dead process or a silent second listener.
func AddressInUse(t *testing.T, start peer.Start) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if _, err := start(peer.Options{Addr: ln.Addr().String()}); err == nil {
		t.Error("no error for an address in use")
	}
}
