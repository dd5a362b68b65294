package ringwire

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// routes serves each handler under its name, and under /b/ the same as a Blocking handler.
func routes(handlers map[string]HandlerFunc) HandlerFunc {
	return func(w *ResponseWriter, r *Request) {
		name, blocks := strings.CutPrefix(r.Path(), "/b/")
		h := handlers[strings.TrimPrefix(name, "/")]
		switch {
		case h == nil:
			NotFound(w, r)
		case blocks:
			Blocking(h).ServeHTTP(w, r)
		default:
			h(w, r)
		}
	}
}

const textType = "Content-Type: text/plain; charset=utf-8\r\n"

func TestResponseFraming(t *testing.T) {
	t.Parallel()
	handlers := map[string]HandlerFunc{
		"empty": func(w *ResponseWriter, r *Request) {},
		"body":  func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("hello") },
		"flush": func(w *ResponseWriter, r *Request) {
			_, _ = w.WriteString("he")
			_ = w.Flush()
			_, _ = w.WriteString("llo")
		},
		"trailers": func(w *ResponseWriter, r *Request) {
			_, _ = w.WriteString("hello")
			_ = w.Flush()
			_ = w.Trailer().Set("X-Sum", "5")
		},
		"declared": func(w *ResponseWriter, r *Request) {
			w.SetContentLength(5)
			_, _ = w.WriteString("he")
			_ = w.Flush()
			_, _ = w.WriteString("llo")
		},
		"declaredempty": func(w *ResponseWriter, r *Request) { w.SetContentLength(0) },
		"length":        func(w *ResponseWriter, r *Request) { w.SetContentLength(5) },
		"stream": func(w *ResponseWriter, r *Request) {
			n := 0
			w.Stream(func(w *ResponseWriter) error {
				if n++; n == 3 {
					return io.EOF
				}
				_, _ = w.WriteString([]string{"he", "llo"}[n-1])
				return nil
			})
		},
		"204": func(w *ResponseWriter, r *Request) { w.WriteHeader(204); _, _ = w.WriteString("none") },
		"304": func(w *ResponseWriter, r *Request) { w.WriteHeader(304); _, _ = w.WriteString("none") },
		"304flush": func(w *ResponseWriter, r *Request) {
			w.WriteHeader(304)
			_, _ = w.WriteString("none")
			_ = w.Flush()
			_, _ = w.WriteString("none")
		},
		"close":     func(w *ResponseWriter, r *Request) { _ = w.Header().Set("Connection", "close") },
		"status":    func(w *ResponseWriter, r *Request) { w.WriteHeader(418); w.WriteHeader(404) },
		"badstatus": func(w *ResponseWriter, r *Request) { w.WriteHeader(99) },
		"100":       func(w *ResponseWriter, r *Request) { w.WriteHeader(100) },
	}
	const keep, last = "keep", "last"
	for _, tc := range []struct {
		method, name, proto, fields string
		want, then                  string
		why                         string
	}{
		{"GET", "empty", "1.1", "", "200 OK\r\nDate: …\r\nContent-Length: 0\r\n\r\n", keep, "an empty body has a length"},
		{"GET", "body", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\n\r\nhello", keep, ""},
		{"HEAD", "body", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\n\r\n", keep, "HEAD: the length, not the body (RFC 9110 §9.3.2)"},
		{"GET", "flush", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", keep, "what is sent as it goes is chunked"},
		{"HEAD", "flush", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "\r\n", keep, "no chunk goes out for HEAD"},
		{"GET", "trailers", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n", keep, "trailers follow the last chunk"},
		{"GET", "declared", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\n\r\nhello", keep, "a declared length spares the chunks"},
		{"GET", "declaredempty", "1.1", "", "200 OK\r\nDate: …\r\nContent-Length: 0\r\n\r\n", keep, ""},
		{"HEAD", "length", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\n\r\n", keep, "HEAD may be answered by the length alone"},
		{"GET", "stream", "1.1", "", "200 OK\r\nDate: …\r\n" + textType + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", keep, ""},
		{"GET", "204", "1.1", "", "204 No Content\r\nDate: …\r\n\r\n", keep, "204 has neither body nor length (RFC 9110 §8.6)"},
		{"GET", "304", "1.1", "", "304 Not Modified\r\nDate: …\r\n\r\n", keep, "304 has no body (RFC 9110 §15.4.5)"},
		{"GET", "304flush", "1.1", "", "304 Not Modified\r\nDate: …\r\n\r\n", keep, "nor has it chunks"},
		{"GET", "status", "1.1", "", "404 Not Found\r\nDate: …\r\nContent-Length: 0\r\n\r\n", keep, "the last WriteHeader counts"},
		{"GET", "badstatus", "1.1", "", "500 Internal Server Error\r\nDate: …\r\nContent-Length: 0\r\n\r\n", keep, "a status out of range is 500"},
		{"GET", "100", "1.1", "", "500 Internal Server Error\r\nDate: …\r\nContent-Length: 0\r\n\r\n", keep, "an interim status is no response"},
		{"GET", "body", "1.1", "Connection: close\r\n", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\nConnection: close\r\n\r\nhello", last, "the client asked to close (RFC 9112 §9.6)"},
		{"GET", "close", "1.1", "", "200 OK\r\nDate: …\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", last, "the handler asked to close"},
		{"GET", "body", "1.0", "", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\nConnection: close\r\n\r\nhello", last, "1.0 closes (RFC 9112 §9.3)"},
		{"GET", "body", "1.0", "Connection: keep-alive\r\n", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", keep, "unless it asks not to"},
		{"GET", "flush", "1.0", "", "200 OK\r\nDate: …\r\n" + textType + "Connection: close\r\n\r\nhello", last, "1.0 knows no chunks: the end is the connection's (RFC 9112 §6.3)"},
		{"GET", "flush", "1.0", "Connection: keep-alive\r\n", "200 OK\r\nDate: …\r\n" + textType + "Connection: close\r\n\r\nhello", last, "whatever it asked for"},
		{"GET", "trailers", "1.0", "", "200 OK\r\nDate: …\r\n" + textType + "Connection: close\r\n\r\nhello", last, "nor trailers"},
		{"GET", "declared", "1.0", "Connection: keep-alive\r\n", "200 OK\r\nDate: …\r\n" + textType + "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", keep, "a declared length keeps it open"},
	} {
		for _, prefix := range []string{"/", "/b/"} {
			if prefix == "/b/" && tc.name == "stream" {
				continue // there it is written like any other body, and may be sent whole
			}
			t.Run(strings.Join([]string{tc.method, prefix, tc.name, tc.proto, strings.TrimSpace(tc.fields)}, "_"), func(t *testing.T) {
				eachDriver(t, func(t *testing.T, driver string) {
					s := start(t, driver, routes(handlers))
					p := s.dial()
					raw := tc.method + " " + prefix + tc.name + " HTTP/" + tc.proto + "\r\nHost: t\r\n" + tc.fields + "\r\n"
					p.send(raw)
					p.expectRaw("HTTP/1.1 "+tc.want, tc.why)
					if tc.then == last {
						p.expectEnd(tc.why)
						return
					}
					p.send(raw)
					p.expectRaw("HTTP/1.1 "+tc.want, "the connection goes on")
				})
			})
		}
	}
}

func TestResponseFields(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"set": func(w *ResponseWriter, r *Request) {
				_ = w.Header().Set("Content-Type", "text/x")
				_ = w.Header().Add("X-A", "1")
				_ = w.Header().Add("X-A", "2")
				_ = w.Header().Set("X-B", "gone")
				w.Header().Del("x-b")
			},
			"reset": func(w *ResponseWriter, r *Request) {
				w.WriteHeader(404)
				w.SetContentLength(99)
				_ = w.Header().Set("X-A", "gone")
				_ = w.Trailer().Set("X-T", "gone")
				_, _ = w.WriteString("gone")
				w.Reset()
				_, _ = w.WriteString("kept")
				_ = w.Flush()
			},
			"error": func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("x"); Error(w, "no", 403) },
			"late": func(w *ResponseWriter, r *Request) {
				_ = w.Flush()
				w.WriteHeader(404)
				_ = w.Header().Set("X-A", "late")
				w.Reset() // what was sent cannot be taken back
			},
		}))
		p := s.dial()
		for _, prefix := range []string{"/", "/b/"} {
			a := p.get(prefix + "set")
			if a.Header.Get("Content-Type") != "text/x" || strings.Join(a.Header["X-A"], ",") != "1,2" || a.Header.Get("X-B") != "" {
				t.Errorf("fields are %v", a.Header)
			}
			if _, err := time.Parse(time.RFC1123, a.Header.Get("Date")); err != nil {
				t.Errorf("Date is not an IMF-fixdate (RFC 9110 §5.6.7): %v", err)
			}
			if a = p.get(prefix + "reset"); a.StatusCode != 200 || a.body != "kept" || a.Header.Get("X-A") != "" || len(a.Trailer) > 0 {
				t.Errorf("after Reset: %d %q %v %v", a.StatusCode, a.body, a.Header, a.Trailer)
			}
			if a = p.get(prefix + "error"); a.StatusCode != 403 || a.body != "no\n" {
				t.Errorf("Error answered %d %q", a.StatusCode, a.body)
			}
			if a = p.get(prefix + "late"); a.StatusCode != 200 || a.Header.Get("X-A") != "" || a.body != "" {
				t.Errorf("what was set after the head changed it: %d %v %q", a.StatusCode, a.Header, a.body)
			}
			if a = p.get(prefix + "nowhere"); a.StatusCode != 404 {
				t.Errorf("NotFound answered %d", a.StatusCode)
			}
		}
	})
}

// A handler cannot split the response, nor contradict its framing.
func TestHeaderInjection(t *testing.T) {
	t.Parallel()
	bad := []struct{ name, value string }{
		{"X-A", "v\r\nSet-Cookie: a=b"}, {"X-A", "v\r\n\r\nHTTP/1.1 200 OK"}, {"X-A", "v\n"}, {"X-A", "v\r"}, {"X-A", "v\x00"}, {"X-A", "\x7f"},
		{"X-A\r\nX-B", "v"}, {"X A", "v"}, {"X:A", "v"}, {"", "v"}, {"Ä", "v"},
		{"Content-Length", "7"}, {"content-length", "7"}, {"Transfer-Encoding", "chunked"}, {"Connection", "upgrade-me"},
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			for _, f := range bad {
				if w.Header().Set(f.name, f.value) == nil || w.Header().Add(f.name, f.value) == nil {
					t.Errorf("field %q with value %q was taken", f.name, f.value)
				}
				if w.Trailer().Set(f.name, f.value) == nil {
					t.Errorf("trailer %q with value %q was taken", f.name, f.value)
				}
			}
			_, _ = w.WriteString("ok")
		})
		p := s.dial()
		p.send(get("/"))
		p.expectRaw("HTTP/1.1 200 OK\r\nDate: …\r\n"+textType+"Content-Length: 2\r\n\r\nok", "nothing of what was refused goes out")
	})
}

// A response that cannot be completed is cut, so that nobody takes a part for the whole.
func TestResponseCut(t *testing.T) {
	t.Parallel()
	errMine := errors.New("the source failed")
	handlers := map[string]HandlerFunc{
		"short": func(w *ResponseWriter, r *Request) { w.SetContentLength(5); _, _ = w.WriteString("he") },
		"shortflush": func(w *ResponseWriter, r *Request) {
			w.SetContentLength(5)
			_, _ = w.WriteString("he")
			_ = w.Flush()
		},
		"nothing": func(w *ResponseWriter, r *Request) { w.SetContentLength(5) },
		"panicflush": func(w *ResponseWriter, r *Request) {
			_, _ = w.WriteString("he")
			_ = w.Flush()
			panic("boom")
		},
		"abort":       func(w *ResponseWriter, r *Request) { panic(ErrAbortHandler) },
		"noprogress":  func(w *ResponseWriter, r *Request) { w.Stream(func(*ResponseWriter) error { return nil }) },
		"streamerror": func(w *ResponseWriter, r *Request) { w.Stream(func(*ResponseWriter) error { return errMine }) },
		"streampanic": func(w *ResponseWriter, r *Request) {
			_ = w.Flush()
			w.Stream(func(*ResponseWriter) error { panic("boom") })
		},
		"streamshort": func(w *ResponseWriter, r *Request) {
			w.SetContentLength(5)
			w.Stream(func(w *ResponseWriter) error { _, _ = w.WriteString("h"); return io.EOF })
		},
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(handlers))
		for name := range handlers {
			for _, prefix := range []string{"/", "/b/"} {
				if name == "noprogress" && prefix == "/b/" {
					continue // there the callback may wait for something, so it is called again
				}
				p := s.dial()
				p.send(get(prefix + name))
				if a, err := p.tryResponse("GET"); err == nil {
					t.Errorf("%s%s: a response that could not be completed was read whole: %d %q", prefix, name, a.StatusCode, a.body)
				}
				_ = p.Close()
			}
		}
		for _, want := range []string{"declared Content-Length", "boom", "neither wrote", "the source failed"} {
			if !strings.Contains(s.log.String(), want) {
				t.Errorf("the log does not say %q", want)
			}
		}
	})
}

func TestAbortIsNotLogged(t *testing.T) {
	s := start(t, DriverNetpoll, func(w *ResponseWriter, r *Request) { panic(ErrAbortHandler) })
	p := s.dial()
	p.send(get("/"))
	p.expectGone("ErrAbortHandler closes")
	if text := s.log.String(); strings.Contains(text, "panicked") {
		t.Errorf("ErrAbortHandler was logged: %q", text)
	}
}

func TestWriteBeyondLength(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		errs := make(chan error, 3)
		s := start(t, driver, routes(map[string]HandlerFunc{"x": func(w *ResponseWriter, r *Request) {
			w.SetContentLength(3)
			_, _ = w.WriteString("abc")
			_, err1 := w.WriteString("d")
			_, err2 := w.Write([]byte("d"))
			_ = append(w.Reserve(1), 'd')
			errs <- err1
			errs <- err2
			errs <- w.Commit(1)
		}}))
		for _, path := range []string{"/x", "/b/x"} {
			if a := s.dial().get(path); a.body != "abc" {
				t.Errorf("%s: got %q, want what was declared", path, a.body)
			}
			for range 3 {
				if err := <-errs; err != ErrContentLength {
					t.Errorf("%s: writing more than declared returned %v, want ErrContentLength", path, err)
				}
			}
		}
	})
}

func TestReserveCommit(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"x": func(w *ResponseWriter, r *Request) {
			for i := range 20_000 {
				if i%3 == 0 {
					_, _ = w.WriteString(strconv.Itoa(i))
				} else {
					buf := strconv.AppendInt(w.Reserve(20), int64(i), 10)
					_ = w.Commit(len(buf))
				}
				if i%5000 == 4999 {
					_ = append(w.Reserve(40_000), "abandoned"...)
				}
			}
		}}))
		var want strings.Builder
		for i := range 20_000 {
			want.WriteString(strconv.Itoa(i))
		}
		for _, path := range []string{"/x", "/b/x"} {
			if a := s.dial().get(path); a.body != want.String() {
				t.Errorf("%s: got %d bytes, want %d", path, len(a.body), want.Len())
			}
		}
	})
}

// Bodies of every size around the limits between ways of sending arrive as they were written.
func TestResponseSizes(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"x": func(w *ResponseWriter, r *Request) {
			n, _ := r.QueryInt("n")
			piece, _ := r.QueryInt("piece")
			for body := pattern(int(n)); body != ""; {
				k := min(int(piece), len(body))
				_, _ = w.WriteString(body[:k])
				body = body[k:]
			}
		}}))
		p := s.dial()
		sizes := []int{0, 1, copyBody - 1, copyBody, copyBody + 1, bodyChunk, bodyChunk + 1, flushAt, flushAt + 1, 1 << 20}
		if !raceEnabled { // under the guards a megabyte takes as long as all others
			sizes = append(sizes, 5<<20)
		}
		for _, n := range sizes {
			for _, piece := range []int{n/2 + 1, 1000, 100_000} {
				for _, path := range []string{"/x", "/b/x"} {
					a := p.get(fmt.Sprintf("%s?n=%d&piece=%d", path, n, piece))
					if a.body != pattern(n) {
						t.Errorf("%s of %d bytes in pieces of %d: got %d bytes that differ", path, n, piece, len(a.body))
					}
				}
			}
		}
	})
}

// While the client does not read, a Stream callback is not called and a Blocking handler
// waits in Write: the server holds a bounded part of the response.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	const total = 24 << 20
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"x": func(w *ResponseWriter, r *Request) {
				body := pattern(total)
				w.Stream(func(w *ResponseWriter) error {
					n := min(100_000, len(body))
					if n == 0 {
						return io.EOF
					}
					_, err := w.WriteString(body[:n])
					body = body[n:]
					return err
				})
			},
		}))
		for _, path := range []string{"/x", "/b/x"} {
			p := s.dial()
			_ = p.tcp().SetReadBuffer(64 << 10)
			var before uint64
			s.onLoop(func(svc *service) { before = svc.loop.Stats().SentBytes })
			p.send(get(path))
			time.Sleep(200 * time.Millisecond)
			s.onLoop(func(svc *service) {
				if held := leased(svc.alloc) + leased(s.shared); held > 2<<20 {
					t.Errorf("%s: %d bytes are held for a client that does not read", path, held)
				}
				if sent := svc.loop.Stats().SentBytes - before; sent > total-1<<20 {
					t.Errorf("%s: %d bytes were sent to a client that does not read", path, sent)
				}
			})
			if a := p.response("GET"); a.body != pattern(total) {
				t.Errorf("%s: got %d bytes that differ", path, len(a.body))
			}
		}
	})
}

// leased is how many bytes a is short of.
func leased(a *mem.Allocator) (n int) {
	for _, c := range a.Stats().Classes {
		n += c.Size * c.Leased
	}
	return n
}

// A handler's panic ends its request, not the process, and not the others' requests.
func TestPanic(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"panic": func(w *ResponseWriter, r *Request) {
				w.WriteHeader(201)
				w.SetContentLength(3)
				_ = w.Header().Set("X-A", "gone")
				_, _ = w.WriteString(strings.Repeat("gone", 10_000))
				panic("of a handler")
			},
			// A middleware that panics after Blocking has taken the request over.
			"after": func(w *ResponseWriter, r *Request) {
				Blocking(HandlerFunc(hello)).ServeHTTP(w, r)
				panic("of a middleware")
			},
			"ok": hello,
		}))
		bystander := s.dial()
		for _, path := range []string{"/panic", "/b/panic", "/after"} {
			p := s.dial()
			p.send(get(path))
			a := p.response("GET")
			if path == "/panic" && (a.StatusCode != 500 || a.body != "500 internal server error\n" || a.Header.Get("X-A") != "" || !a.Close) {
				t.Errorf("%s: got %d %.60q %v, close=%v; want a plain 500 and a close", path, a.StatusCode, a.body, a.Header, a.Close)
			}
			p.expectEnd("the request's state is unknown")
			if a := bystander.get("/ok"); a.body != "hello /ok" {
				t.Errorf("after %s another connection got %q", path, a.body)
			}
			if a := bystander.get("/b/ok"); a.body != "hello /b/ok" {
				t.Errorf("after %s a Blocking handler answered %q", path, a.body)
			}
		}
		for _, want := range []string{"of a handler", "of a middleware", "response_test.go", "target=/panic"} {
			if !strings.Contains(s.log.String(), want) {
				t.Errorf("the log does not say %q: what, where and for which request was promised", want)
			}
		}
	})
}

func TestHeadersOfManyBytes(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			for i := range 100 {
				_ = w.Header().Set(fmt.Sprintf("X-%d", i), pattern(1000))
			}
			_, _ = w.WriteString("ok")
		})
		p := s.dial()
		for range 3 {
			a := p.get("/")
			if a.body != "ok" || len(a.Header) != 103 || a.Header.Get("X-99") != pattern(1000) {
				t.Errorf("got %d fields and %q", len(a.Header), a.body)
			}
		}
	})
}
