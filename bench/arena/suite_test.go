package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// talk sends raw bytes and returns the response and its body.
func talk(t *testing.T, addr, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestRoot(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		if _, body := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); body != greeting {
			t.Errorf("GET: %q", body)
		}
		resp, body := talk(t, addr, "GET / HTTP/1.0\r\n\r\n")
		if body != greeting || !resp.Close {
			t.Errorf("HTTP/1.0: body %q, close %v, want the greeting and a close", body, resp.Close)
		}
		resp, body = talk(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
		if body != "hello" || resp.ContentLength != 5 {
			t.Errorf("POST: %q with length %d, want the body back", body, resp.ContentLength)
		}
		if _, body := talk(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"); body != "abcde" {
			t.Errorf("chunked POST: %q, want abcde", body)
		}
		if _, body := talk(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"); body != "" {
			t.Errorf("empty POST: %q", body)
		}
	})
}

// counted is a reader that knows, in any goroutine, how much was read from it.
type counted struct {
	io.Reader
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A large body is echoed while it is still being sent: neither side could hold it.
func TestRootStreams(t *testing.T) {
	const size = 40 << 20
	onDrivers(t, func(t *testing.T, addr string) {
		for _, length := range []int64{size, -1} {
			sent := &counted{Reader: strings.NewReader(strings.Repeat("0123456789abcdef", size/16))}
			req, _ := http.NewRequest("POST", "http://"+addr+"/", sent)
			req.ContentLength = length
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			early := sent.n.Load() < size
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || len(got) != size || string(got[size-16:]) != "0123456789abcdef" {
				t.Errorf("length %d: %d bytes came back, %v", length, len(got), err)
			}
			if !early {
				t.Errorf("length %d: the response began only when the whole request had been sent", length)
			}
		}
	})
}

func TestExpectContinue(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		in := bufio.NewReader(conn)
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
		if line, err := in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("got %q, %v, want 100 before the body is sent", line, err)
		}
		in.ReadString('\n')
		io.WriteString(conn, "hi")
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(resp.Body); string(body) != "hi" {
			t.Errorf("body %q, want hi", body)
		}
	})
}

// The server as a whole has no body to show (RFC 9110 §9.3.7).
func TestOptionsAsterisk(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		resp, body := talk(t, addr, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
		if resp.StatusCode != 204 || body != "" || resp.Header.Get("Allow") != string(anyMethod) {
			t.Errorf("status %d, Allow %q, body %q, want 204 and every method", resp.StatusCode, resp.Header.Get("Allow"), body)
		}
	})
}

func TestEcho(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		_, body := talk(t, addr, "GET /echo HTTP/1.1\r\nHost: a\r\nx-Mixed-CASE:  spaced \r\nX-Empty:\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n")
		if want := "Host: a\nx-Mixed-CASE: spaced\nX-Empty: \nX-Twice: 1\nX-Twice: 2\n"; body != want {
			t.Errorf("got %q, want the fields as received %q", body, want)
		}
	})
}

func TestCookie(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		_, body := talk(t, addr, "GET /cookie HTTP/1.1\r\nHost: a\r\nCookie: a=1; b=x=y;c=;junk\r\ncookie: d=4\r\n\r\n")
		if want := "a=1\nb=x=y\nc=\nd=4\n"; body != want {
			t.Errorf("got %q, want %q", body, want)
		}
	})
}

func TestGarden(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		long := strings.Repeat("z", 2*bodyBuffer+1)
		for _, c := range []struct{ name, request, method, version, uri, body string }{
			{"GET", "GET /garden?x=%20 HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "HTTP/1.1", "/garden?x=%20", ""},
			{"OPTIONS", "OPTIONS /garden HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "OPTIONS", "HTTP/1.1", "/garden", "hi"}, // a request like any other
			{"1.0", "GET /garden HTTP/1.0\r\nHost: a\r\n\r\n", "GET", "HTTP/1.0", "/garden", ""},
			{"chunked", "PATCH /garden HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n3\r\nbcd\r\n0\r\n\r\n", "PATCH", "HTTP/1.1", "/garden", "abcd"},
			{"streamed", "POST /garden HTTP/1.1\r\nHost: a\r\nContent-Length: 131073\r\n\r\n" + long, "POST", "HTTP/1.1", "/garden", long},
		} {
			_, got := talk(t, addr, c.request)
			var g struct {
				Headers                    [][2]string
				Body, Method, Version, URI string
			}
			if err := json.Unmarshal([]byte(got), &g); err != nil {
				t.Fatalf("%s: %v in %.200q", c.name, err, got)
			}
			plain := func(s string) string {
				p, err := base64.StdEncoding.DecodeString(s)
				if err != nil {
					t.Fatalf("%s: %v in %.80q", c.name, err, s)
				}
				return string(p)
			}
			if plain(g.Method) != c.method || plain(g.Version) != c.version || plain(g.URI) != c.uri || plain(g.Body) != c.body {
				t.Errorf("%s: %s %s %s with a body of %d bytes", c.name, plain(g.Method), plain(g.URI), plain(g.Version), len(plain(g.Body)))
			}
			if first := [2]string{plain(g.Headers[0][0]), plain(g.Headers[0][1])}; !reflect.DeepEqual(first, [2]string{"Host", "a"}) {
				t.Errorf("%s: first field %q, want Host: a", c.name, first)
			}
		}
	})
}
