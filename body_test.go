package ringwire

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// pattern is n bytes in which a piece lost, doubled or moved shows.
func pattern(n int) string { return strings.Repeat(patternBlock, n/len(patternBlock)+1)[:n] }

// patternBlock has a length that no buffer's size divides.
var patternBlock = func() string {
	var p []byte
	for i := 0; len(p) < 999_983; i++ {
		p = append(strconv.AppendInt(p, int64(i), 36), '.')
	}
	return string(p)
}()

func sum(p []byte) string { return fmt.Sprintf("%d %x", len(p), sha256.Sum256(p)) }

// bodyReaders are all ways to read a body; each answers with sum of what it read.
var bodyReaders = map[string]func(w *ResponseWriter, r *Request) error{
	"View": func(w *ResponseWriter, r *Request) error {
		p, err := r.Body.View()
		_, _ = w.WriteString(sum(p))
		return err
	},
	"Views": func(w *ResponseWriter, r *Request) error {
		var all []byte
		err := r.Body.Views(func(p View) bool { all = append(all, p...); return true })
		_, _ = w.WriteString(sum(all))
		return err
	},
	"Read": func(w *ResponseWriter, r *Request) error {
		p, err := io.ReadAll(r.Body)
		_, _ = w.WriteString(sum(p))
		return err
	},
	"Stream": func(w *ResponseWriter, r *Request) error {
		var all []byte
		r.Body.Stream(func(p []byte, err error) {
			if all = append(all, p...); err == io.EOF {
				_, _ = w.WriteString(sum(all))
			} else if err != nil {
				Error(w, err.Error(), 599)
			}
		})
		return nil
	},
}

// serveBodies serves every reader under its name, and under /Blocking/ the same on a worker.
func serveBodies(t testing.TB, driver string, tune ...func(*Server)) *testServer {
	run := HandlerFunc(func(w *ResponseWriter, r *Request) {
		_, name, _ := strings.Cut(strings.TrimPrefix(r.Path(), "/Blocking"), "/")
		if err := bodyReaders[name](w, r); err != nil {
			Error(w, err.Error(), 599)
		}
	})
	return start(t, driver, func(w *ResponseWriter, r *Request) {
		if strings.HasPrefix(r.Path(), "/Blocking/") {
			Blocking(run).ServeHTTP(w, r)
			return
		}
		run(w, r)
	}, tune...)
}

func eachReader(f func(path string)) {
	for _, where := range []string{"/", "/Blocking/"} {
		for _, name := range []string{"View", "Views", "Read", "Stream"} {
			f(where + name)
		}
	}
}

// A body is what was sent, by whichever method it is read and however it arrives.
func TestBodyWhole(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := serveBodies(t, driver)
		for _, size := range []int{0, 1, 5, 4096, 100_000, 1 << 20} {
			body := pattern(size)
			want := sum([]byte(body))
			eachReader(func(path string) {
				p := s.dial()
				p.send(post(path, body))
				p.expect("POST", 200, want, fmt.Sprintf("%s of %d bytes", path, size))
				p.send(postChunked(path))
				for rest := body; rest != ""; {
					n := min(len(rest), 1+len(rest)/3)
					p.send(chunk(rest[:n]))
					rest = rest[n:]
				}
				p.send("0\r\n\r\n")
				p.expect("POST", 200, want, fmt.Sprintf("%s of %d bytes, chunked", path, size))
				_ = p.Close()
			})
		}
	})
}

func TestBodySplit(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"length":  post("/View", "0123456789"),
		"chunked": postChunked("/View") + "3;ext=\"a b\"\r\n012\r\n0007\r\n3456789\r\n0\r\nX-Trailer: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				s := serveBodies(t, driver)
				want := sum([]byte("0123456789"))
				p := s.dial()
				head := strings.Index(raw, "\r\n\r\n")
				for i := head; i < len(raw); i++ {
					p.sendSplit(raw[:i], raw[i:])
					p.expect("POST", 200, want, fmt.Sprintf("split at %d", i))
				}
				for i := range raw {
					p.send(raw[i : i+1])
				}
				p.expect("POST", 200, want, "byte by byte")
				p.send(strings.Repeat(raw, 50))
				for range 50 {
					p.expect("POST", 200, want, "pipelined")
				}
			})
		})
	}
}

func TestBodyReader(t *testing.T) {
	body := pattern(3000)
	eachDriver(t, func(t *testing.T, driver string) {
		check := HandlerFunc(func(w *ResponseWriter, r *Request) {
			if err := iotest.TestReader(onlyReader{r.Body}, []byte(body)); err != nil {
				Error(w, err.Error(), 500)
			}
		})
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/blocking" {
				Blocking(check).ServeHTTP(w, r)
				return
			}
			check(w, r)
		})
		for _, path := range []string{"/", "/blocking"} {
			p := s.dial()
			p.send(post(path, body))
			p.expect("POST", 200, "", path+": an io.Reader of one buffer")
			p.sendSplit(post(path, body)[:500], post(path, body)[500:])
			p.expect("POST", 200, "", path+": an io.Reader of several")
		}
	})
}

type onlyReader struct{ io.Reader }

func TestBodyReadInParts(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			first := make([]byte, 3)
			n, err := io.ReadFull(r.Body, first)
			rest, verr := r.Body.View()
			fmt.Fprintf(w, "%d %v %s|%s %v|%d", n, err, first[:n], rest, verr, r.Body.Len())
		})
		p := s.dial()
		const want = "3 <nil> abc|defg <nil>|7"
		p.send(post("/", "abcdefg"))
		p.expect("POST", 200, want, "View is what Read has left, Len the whole")
		p.sendSplit(post("/", "abcde"+"fg")[:len(post("/", "1234567"))-3], "efg")
		p.expect("POST", 200, want, "the same of two buffers")
	})
}

func TestBodyLen(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			fmt.Fprint(w, r.Body.Len(), r.Body.Streaming())
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 10, 100 })
		for _, tc := range []struct{ raw, want, why string }{
			{get("/"), "0 false", "no body"},
			{post("/", ""), "0 false", "an empty body"},
			{post("/", "0123456789"), "10 false", "BodyBuffer is the size up to which a body is collected"},
			{post("/", "0123456789a"), "11 true", "beyond it is streamed"},
			{postChunked("/") + chunk("0123456789") + "0\r\n\r\n", "10 false", "a chunked body has a length once it is here"},
			{postChunked("/") + chunk("0123456789a"), "-1 true", "and none while it is streamed"},
		} {
			method, _, _ := strings.Cut(tc.raw, " ")
			if a := ask(t, s, tc.raw, method); a.body != tc.want {
				t.Errorf("got %q, want %q: %s", a.body, tc.want, tc.why)
			}
		}
	})
}

func TestBodyLimits(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		var calls atomic.Int32
		tune := func(s *Server) { s.MaxBody = 10 }
		s := start(t, driver, func(w *ResponseWriter, r *Request) { calls.Add(1); hello(w, r) }, tune)
		for _, tc := range []struct {
			raw    string
			status int
			why    string
		}{
			{post("/", "0123456789"), 200, "MaxBody bytes are allowed"},
			{"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\n", 413, "refused by the length alone, before a byte of it"},
			{post("/", "0123456789a"), 413, "one byte more is refused (RFC 9110 §15.5.14)"},
			{postChunked("/") + chunk("0123456789") + "0\r\n\r\n", 200, "MaxBody bytes in chunks are allowed"},
			{postChunked("/") + chunk("012345") + chunk("67890"), 413, "refused as soon as it is too long"},
			{postChunked("/") + "fffffff\r\n0123456789a", 413, "refused with the first byte too many, not at the chunk's end"},
			{"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9223372036854775807\r\n\r\n", 413, "no length overflows"},
		} {
			calls.Store(0)
			p := s.dial()
			p.send(tc.raw)
			a := p.response("POST")
			if a.StatusCode != tc.status {
				t.Errorf("got %d, want %d: %s", a.StatusCode, tc.status, tc.why)
			}
			if tc.status == 413 {
				if calls.Load() != 0 {
					t.Errorf("the handler was called: %s", tc.why)
				}
				p.finish()
				p.expectEnd("what follows cannot be told from the body")
			}
		}
	})
}

// A refused upload is answered even to a client that sends on: closing with unread bytes
// would reset the connection and could destroy the answer (RFC 9112 §9.6).
func TestRefusedUploadIsAnswered(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.MaxBody = 1000 })
		for range 20 {
			p := s.dial()
			p.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 300000\r\n\r\n")
			for range 30 {
				p.send(pattern(10_000))
			}
			if a := p.response("POST"); a.StatusCode != 413 {
				t.Fatalf("got %d, want 413", a.StatusCode)
			}
			_ = p.Close()
		}
	})
}

func TestExpectContinue(t *testing.T) {
	t.Parallel()
	const expect = "Expect: 100-continue"
	const interim = "HTTP/1.1 100 Continue\r\n\r\n"
	eachDriver(t, func(t *testing.T, driver string) {
		s := serveBodies(t, driver, func(s *Server) { s.BodyBuffer, s.MaxBody = 10, 1000 })
		big := pattern(500)
		head := func(path string, n int) string {
			return "POST " + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: " + itoa(n) + "\r\n" + expect + "\r\n\r\n"
		}
		t.Run("collected", func(t *testing.T) {
			p := s.dial()
			p.send(head("/View", 5))
			p.expectRaw(interim, "the client waits (RFC 9110 §10.1.1)")
			p.send("abcde")
			p.expect("POST", 200, sum([]byte("abcde")), "the body followed")
			p.send(get("/View"))
			p.expect("GET", 200, sum(nil), "the connection goes on")
		})
		t.Run("streamed to the loop", func(t *testing.T) {
			p := s.dial()
			p.send(head("/Stream", len(big)))
			p.expectRaw(interim, "the handler wants the body")
			p.send(big)
			p.expect("POST", 200, sum([]byte(big)), "the body followed")
		})
		t.Run("streamed to a worker", func(t *testing.T) {
			p := s.dial()
			p.send(head("/Blocking/Read", len(big)))
			p.expectRaw(interim, "the handler reads the body")
			p.send(big)
			p.expect("POST", 200, sum([]byte(big)), "the body followed")
		})
		t.Run("chunked", func(t *testing.T) {
			p := s.dial()
			p.send(postChunked("/View", expect))
			p.expectRaw(interim, "the client waits")
			p.send(chunk("abc") + "0\r\n\r\n")
			p.expect("POST", 200, sum([]byte("abc")), "the body followed")
		})
		t.Run("body comes at once", func(t *testing.T) {
			p := s.dial()
			p.send(head("/View", 5) + "abcde")
			p.expect("POST", 200, sum([]byte("abcde")), "nobody waits, and the interim response may be left out")
		})
		t.Run("refused", func(t *testing.T) {
			p := s.dial()
			p.send(head("/View", 5000))
			if a := p.response("POST"); a.StatusCode != 413 || !a.Close {
				t.Errorf("got %d, close=%v; want 413 instead of the interim response, and a close", a.StatusCode, a.Close)
			}
			p.finish()
			p.expectEnd("nobody knows whether the client sends the body after all")
		})
		t.Run("handler does not want it", func(t *testing.T) {
			p := s.dial()
			p.send(head("/View", len(big))) // View of a streamed body fails
			if a := p.response("POST"); a.StatusCode != 599 || !strings.Contains(a.body, "BodyBuffer") || !a.Close {
				t.Errorf("got %d %q, close=%v; want the handler's answer at once and a close", a.StatusCode, a.body, a.Close)
			}
		})
		t.Run("1.0", func(t *testing.T) {
			p := s.dial()
			p.send("POST /View HTTP/1.0\r\nContent-Length: 3\r\n" + expect + "\r\n\r\n")
			p.expectSilence(50*time.Millisecond, "a 1.0 client knows no interim responses (RFC 9110 §10.1.1)")
			p.send("abc")
			p.expect("POST", 200, sum([]byte("abc")), "the body came")
		})
		t.Run("another expectation", func(t *testing.T) {
			p := s.dial()
			p.send(post("/View", "abc", "Expect: the-unexpected"))
			if a := p.response("POST"); a.StatusCode != 417 {
				t.Errorf("got %d, want 417 (RFC 9110 §10.1.1)", a.StatusCode)
			}
		})
	})
}

// Above BodyBuffer a body reaches the handler as it arrives.
func TestBodyStreamed(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := serveBodies(t, driver, func(s *Server) { s.BodyBuffer, s.MaxBody = 1000, -1 })
		body := pattern(1_000_000)
		want := sum([]byte(body))
		for _, path := range []string{"/Stream", "/Blocking/Read", "/Blocking/Stream"} {
			p := s.dial()
			for round := range 3 {
				p.send(post(path, body))
				p.expect("POST", 200, want, fmt.Sprintf("%s, round %d", path, round))
				p.send(postChunked(path))
				for rest := body; rest != ""; {
					n := min(len(rest), 77_777)
					p.send(chunk(rest[:n]))
					rest = rest[n:]
				}
				p.send("0\r\nX: y\r\n\r\n")
				p.expect("POST", 200, want, fmt.Sprintf("%s, chunked, round %d", path, round))
			}
		}
		for _, path := range []string{"/View", "/Views", "/Read", "/Blocking/View", "/Blocking/Views"} {
			p := s.dial()
			p.send(post(path, body[:2000]))
			a := p.response("POST")
			if a.StatusCode != 599 || !strings.Contains(a.body, ErrBodyStreaming.Error()) {
				t.Errorf("%s: got %d %q; want ErrBodyStreaming, which names the remedy", path, a.StatusCode, a.body)
			}
			if !a.Close && !strings.HasPrefix(path, "/Blocking") { // to a worker all of it may have been fed
				t.Errorf("%s: the connection goes on although the body was not read", path)
			}
		}
	})
}

// The first bytes of a streamed body are there before the last were sent.
func TestBodyStreamIsLive(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		echo := HandlerFunc(func(w *ResponseWriter, r *Request) {
			r.Body.Stream(func(p []byte, err error) {
				_, _ = w.Write(bytes.ToUpper(p))
				_ = w.Flush()
			})
		})
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/blocking" {
				Blocking(echo).ServeHTTP(w, r)
				return
			}
			echo(w, r)
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = -1, -1; s.BodyBuffer = 1 })
		for _, path := range []string{"/", "/blocking"} {
			p := s.dial()
			p.send("POST " + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: 12\r\n\r\nping")
			head := "HTTP/1.1 200 OK\r\nDate: …\r\nContent-Type: text/plain; charset=utf-8\r\n" +
				"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
			p.expectRaw(head+chunk("PING"), "the first piece is echoed before the second was sent")
			p.send("pong")
			p.expectRaw(chunk("PONG"), "and the second before the third")
			p.send("pung")
			p.expectRaw(chunk("PUNG")+"0\r\n\r\n", "the body's end ends the response")
		}
	})
}

func TestTrailers(t *testing.T) {
	t.Parallel()
	say := HandlerFunc(func(w *ResponseWriter, r *Request) {
		var early int
		for range r.Trailers() {
			early++
		}
		var text bytes.Buffer
		r.Body.Stream(func(p []byte, err error) {
			if err == nil {
				return
			}
			for name, value := range r.Trailers() {
				fmt.Fprintf(&text, "%s=%s;", name, value)
			}
			fmt.Fprintf(w, "%s%v", text.Bytes(), err)
		})
		if r.Path() == "/" && r.Body.Streaming() && early > 0 {
			t.Error("there were trailers before the body had been read")
		}
	})
	const want = "X-Sum=12;y=z;EOF"
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if strings.HasPrefix(r.Path(), "/blocking") {
				Blocking(say).ServeHTTP(w, r)
				return
			}
			say(w, r)
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 100, 10_000 })
		for _, path := range []string{"/", "/blocking"} {
			for _, size := range []int{3, 99, 101, 5000} {
				p := s.dial()
				raw := postChunked(path) + chunk(pattern(size)) + "0\r\nX-Sum: 12\r\ny:z \r\n\r\n"
				p.send(raw)
				p.expect("POST", 200, want, fmt.Sprintf("%s, %d bytes in one piece", path, size))
				p.sendSplit(raw[:len(raw)-9], raw[len(raw)-9:])
				p.expect("POST", 200, want, fmt.Sprintf("%s, %d bytes with the trailers split", path, size))
				p.send(postChunked(path) + chunk(pattern(size)) + "0\r\n\r\n")
				p.expect("POST", 200, "EOF", "the trailers of the request before are not this one's")
			}
		}
	})
}

// A worker may look at the head while the loop takes in the rest of the body.
func TestHeadDuringStream(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			for began := time.Now(); time.Since(began) < 8*time.Millisecond; {
				if got := r.Header("X-Mark"); got != "mine" {
					t.Errorf("the head reads %q while the body arrives", got)
					break
				}
			}
			n, err := io.Copy(io.Discard, r.Body)
			fields := 0
			for range r.Headers() {
				fields++
			}
			fmt.Fprint(w, n, err, fields)
		})).ServeHTTP, func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 })
		for range 10 {
			p := s.dial()
			p.sendSplit(postChunked("/", "X-Mark: mine")+chunk("abc"), chunk("def")+"0\r\nA: b\r\nC: d\r\n\r\n")
			p.expect("POST", 200, "6 <nil> 3", "three fields were sent with the head")
		}
	})
}

// A body cut short ends with ErrBodyTruncated, wherever the reader stands.
func TestBodyTruncated(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		ends := make(chan error, 1)
		last := func(p []byte, err error) {
			if err != nil {
				ends <- err
			}
		}
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			switch r.Path() {
			case "/stream":
				r.Body.Stream(last)
			case "/blocking":
				Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
					_, err := io.ReadAll(r.Body)
					last(nil, err)
				})).ServeHTTP(w, r)
			default:
				ends <- errors.New("the handler was called")
			}
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 })
		for _, path := range []string{"/stream", "/blocking"} {
			for name, end := range map[string]func(*peer){
				"FIN": (*peer).finish, "RST": (*peer).reset, "close": func(p *peer) { _ = p.Close() },
			} {
				for _, raw := range []string{
					"POST " + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\npart",
					postChunked(path) + chunk("part"),
					postChunked(path) + chunk("part") + "5", // inside a chunk line, which is kept
				} {
					p := s.dial()
					p.send(raw)
					s.eventually("the request is in progress", func(svc *service) bool { return svc.live() == 1 })
					end(p)
					select {
					case err := <-ends:
						if err != ErrBodyTruncated {
							t.Errorf("%s, %s: the reader got %v, want ErrBodyTruncated", path, name, err)
						}
					case <-time.After(5 * time.Second):
						t.Fatalf("%s, %s of %q: the reader never heard of the end", path, name, raw)
					}
					s.eventually("the connection is gone", func(svc *service) bool { return svc.loop.Stats().Open == 0 })
				}
			}
		}
	})
}

// Who sends half a message and FIN has nothing to wait for: the connection ends at once.
func TestTruncatedMessage(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) { t.Error("the handler was called") })
		for _, raw := range []string{
			"GET / HT", "GET / HTTP/1.1\r\nHost: t\r\n",
			"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab",
			postChunked("/") + "5", postChunked("/") + chunk("abc") + "0\r\n",
		} {
			p := s.dial()
			p.send(raw)
			p.finish()
			began := time.Now()
			p.expectGone("the request cannot become whole any more")
			if d := time.Since(began); d > 2*time.Second {
				t.Errorf("%q and FIN: the connection ended after %v only", raw, d)
			}
		}
		s.eventually("all are gone", func(svc *service) bool { return svc.live() == 0 && svc.loop.Stats().Open == 0 })
	})
}

// An upload to a handler that does not read stalls: the sender notices, and what the server
// holds of it is bounded.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		release := sync.OnceFunc(func() { close(gate) })
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			<-gate
			p, err := io.ReadAll(r.Body)
			if err != nil {
				Error(w, err.Error(), 500)
				return
			}
			_, _ = w.WriteString(sum(p))
		})).ServeHTTP, func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 }, plain) // crypto/tls cannot go on after a write that timed out
		t.Cleanup(release)
		const total = 24 << 20
		body := pattern(total)
		p := s.dial()
		_ = p.tcp().SetWriteBuffer(64 << 10)
		p.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: " + itoa(total) + "\r\n\r\n")
		sent := 0
		for sent < total {
			_ = p.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			n, err := io.WriteString(p.Conn, body[sent:min(sent+256<<10, total)])
			if sent += n; err != nil {
				break // stalled
			}
		}
		if sent == total {
			t.Fatal("24 MiB went to a handler that reads nothing")
		}
		if held := leased(s.shared); held > 2*feedHigh+1<<20 {
			t.Errorf("%d bytes are held for a body that nobody reads", held)
		}
		release()
		go func() {
			_ = p.SetWriteDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(p.Conn, body[sent:])
		}()
		p.expect("POST", 200, sum([]byte(body)), "nothing was lost while it stalled")
	})
}

// A body slower than BodyMinRate ends with 408; time in which the server itself did
// not take any is not held against the client.
func TestSlowBody(t *testing.T) {
	if testing.Short() {
		t.Skip("the first judgement falls after 5 s")
	}
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		t.Parallel()
		gate := make(chan struct{})
		release := sync.OnceFunc(func() { close(gate) })
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
				<-gate
				n, err := io.Copy(io.Discard, r.Body)
				fmt.Fprint(w, n, " ", err)
			})).ServeHTTP(w, r)
		}, func(s *Server) { s.BodyBuffer, s.MaxBody, s.BodyMinRate = 100, -1, 1000 })
		t.Cleanup(release)
		slow, fast, held := s.dial(), s.dial(), s.dial()
		slow.send("POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\n")
		fast.send("POST /fast HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
		body := pattern(10 << 20)
		go func() {
			_, _ = io.WriteString(held.Conn, post("/held", body))
		}()
		began := time.Now()
		for time.Since(began) < bodyGrace+500*time.Millisecond {
			time.Sleep(100 * time.Millisecond)
			if time.Since(began) < bodyGrace-500*time.Millisecond {
				slow.send("x")
			}
			fast.send(body[:200]) // 2000 B/s
		}
		slow.expect("POST", 408, "request body arrives too slowly\n", "10 B/s are below BodyMinRate")
		slow.expectGone("its body will never be read")
		release()
		held.expect("POST", 200, itoa(len(body))+" <nil>", "it stalled because the handler did not read")
		for n := 200 * 40; n < 100_000; n += 10_000 {
			_, _ = io.WriteString(fast.Conn, body[:10_000])
		}
		if a, err := fast.tryResponse("POST"); err != nil || a.StatusCode != 200 {
			t.Errorf("the body above BodyMinRate got %v, %v", a.Response, err)
		}
	})
}

// A streamed body that breaks a rule on its way: who has not answered yet is answered for,
// and a reader learns that it will never be whole.
func TestBodyStreamedFails(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		ends := make(chan error, 1)
		s := start(t, driver, routes(map[string]HandlerFunc{
			"sink": func(w *ResponseWriter, r *Request) {
				r.Body.Stream(func(p []byte, err error) {
					if err != nil {
						ends <- err
					}
				})
			},
			"begun": func(w *ResponseWriter, r *Request) {
				_, _ = w.WriteString("begun")
				_ = w.Flush()
				r.Body.Stream(func(p []byte, err error) {
					if err != nil {
						_, _ = w.WriteString(" and ended")
						ends <- err
					}
				})
			},
			"read": func(w *ResponseWriter, r *Request) {
				_, err := io.Copy(io.Discard, r.Body)
				w.WriteHeader(599)
				ends <- err
			},
		}), func(s *Server) { s.BodyBuffer, s.MaxBody = 10, 1000 })
		large := strings.Repeat(chunk(pattern(100)), 20)
		broken := chunk(pattern(100)) + "no size\r\n"
		for _, tc := range []struct {
			path, body string
			status     int
			answer     string
			why        error
		}{
			{"/sink", large, 413, "request body is too large\n", ErrBodyTruncated}, // it was answered already
			{"/sink", broken, 400, "a chunk size is not a plain hexadecimal number\n", ErrBodyTruncated},
			{"/begun", large, 200, "begun and ended", ErrBodyTooLarge},
			{"/begun", broken, 200, "begun and ended", ErrBodyTruncated},
			{"/b/read", large, 599, "", ErrBodyTooLarge},
			{"/b/read", broken, 599, "", ErrBodyTruncated},
		} {
			p := s.dial()
			p.sendSplit(postChunked(tc.path)+chunk(pattern(50)), tc.body)
			a := p.expect("POST", tc.status, tc.answer, tc.path)
			if tc.path != "/begun" && !a.Close {
				t.Errorf("%s: the connection goes on although the body's end was not found", tc.path)
			}
			p.finish()
			p.expectGone("what follows cannot be told from the body")
			select {
			case err := <-ends:
				if err != tc.why {
					t.Errorf("%s: the reader was told %v, want %v", tc.path, err, tc.why)
				}
			case <-time.After(patience):
				t.Errorf("%s: the reader was told nothing", tc.path)
			}
		}
	})
}

// A callback that panics when it hears that its connection is gone harms nobody.
func TestBodyStreamPanicsAtEnd(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/ok" {
				return
			}
			r.Body.Stream(func(p []byte, err error) {
				if err != nil {
					_, _ = w.WriteString("nobody reads this")
					_ = w.Flush()
					r.RemoteAddr()
					panic("at the end")
				}
			})
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 })
		p, other := s.dial(), s.dial()
		p.send(postChunked("/") + chunk("abc"))
		s.eventually("the request is in progress", func(svc *service) bool { return svc.live() == 1 })
		p.reset()
		s.eventually("it is gone", func(svc *service) bool { return svc.live() == 0 })
		other.get("/ok")
		if !strings.Contains(s.log.String(), "at the end") {
			t.Error("the panic was not logged")
		}
	})
}

// Body.Stream that panics, before and after the response has begun.
func TestBodyStreamPanics(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			flush := r.Path() == "/flush"
			r.Body.Stream(func(p []byte, err error) {
				if flush {
					_, _ = w.WriteString("begun")
					_ = w.Flush()
				}
				panic("in the middle of a body")
			})
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 1, -1 })
		p := s.dial()
		p.send(postChunked("/") + chunk("abc"))
		if a := p.response("POST"); a.StatusCode != 500 || !a.Close {
			t.Errorf("got %d, close=%v, want 500 and a close", a.StatusCode, a.Close)
		}
		p = s.dial()
		p.send(postChunked("/flush") + chunk("abc"))
		if a, err := p.tryResponse("POST"); err == nil {
			t.Errorf("a response cut in its middle was read as %d %q without an error", a.StatusCode, a.body)
		}
		if text := s.log.String(); strings.Count(text, "in the middle of a body") < 2 {
			t.Errorf("the log does not tell of both panics: %q", text)
		}
	})
}

// A chunked body that outgrows MaxBody while a worker reads it is told from one that was cut short,
// and answered with 413, whether by the handler or, when it says nothing, by us.
func TestTooLargeWhileRead(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"silent": func(w *ResponseWriter, r *Request) {
				if _, err := io.Copy(io.Discard, r.Body); err != ErrBodyTooLarge {
					t.Errorf("the reader was told %v", err)
				}
			},
			"json": func(w *ResponseWriter, r *Request) {
				var v any
				err, ok := as[*JSONError](r.JSON(&v))
				if !ok || err.Err != ErrBodyTooLarge {
					t.Errorf("JSON: %v", err)
				}
				Error(w, "mine", err.Status)
			},
		}), func(s *Server) { s.BodyBuffer, s.MaxBody = 10, 1000 })
		for path, want := range map[string]string{"silent": "request body is too large\n", "json": "mine\n"} {
			p := s.dial()
			p.send(postChunked("/b/"+path, "Content-Type: application/json") + chunk("[1,2,3,4,5,6") + chunk(strings.Repeat(" ", 2000)))
			p.expect("POST", 413, want, path)
		}
	})
}
