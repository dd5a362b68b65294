package ringwire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/ringwire/ringwire/proto/coding"
)

// encoded is text in a content coding, or in several that a comma parts.
func encoded(list, text string) string {
	for _, name := range strings.Split(list, ", ") {
		var out bytes.Buffer
		var w io.WriteCloser
		switch name {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "deflate":
			w = zlib.NewWriter(&out)
		case "br":
			w = brotli.NewWriterLevel(&out, 3)
		case "zstd":
			w, _ = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		}
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		text = out.String()
	}
	return text
}

// checkingSize is n, or less of it where checking makes everything slow.
func checkingSize(n int) int {
	if raceEnabled {
		return n / 4
	}
	return n
}

var allCodings = []string{"gzip", "deflate", "br", "zstd", "gzip, br"}

// serveDecoded serves every way to read a body, decoded, as serveBodies does.
func serveDecoded(t testing.TB, driver string, tune ...func(*Server)) *testServer {
	run := HandlerFunc(func(w *ResponseWriter, r *Request) {
		_, name, _ := strings.Cut(strings.TrimPrefix(r.Path(), "/Blocking"), "/")
		if err := r.Body.Decode(); err != nil {
			return
		}
		if again := r.Body.Decode(); again != nil {
			Error(w, again.Error(), 598)
		} else if err := bodyReaders[name](w, r); err != nil {
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

// A decoded body is what was encoded, by whichever method it is read and however it arrives.
func TestDecode(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		text := pattern(checkingSize(300_000))
		want := sum([]byte(text))
		whole := serveDecoded(t, driver)
		streamed := serveDecoded(t, driver, func(s *Server) { s.BodyBuffer, s.MaxBody = 1000, -1 })
		for _, list := range allCodings {
			body := encoded(list, text)
			field := "Content-Encoding: " + list
			eachReader(func(path string) {
				for _, s := range []*testServer{whole, streamed} {
					if s == streamed && (strings.HasSuffix(path, "View") || strings.HasSuffix(path, "Views") || path == "/Read") {
						continue // not on the loop, or not at all
					}
					p := s.dial()
					p.send(post(path, body, field))
					p.expect("POST", 200, want, list+" at once: "+path)
					p.sendSplit(postChunked(path, field), chunk(body[:100]), chunk(body[100:5000]), chunk(body[5000:])+"0\r\n\r\n"+get("/none"))
					p.expect("POST", 200, want, list+" in chunks: "+path)
				}
			})
		}
	})
}

// Without codings Decode changes nothing, and what is empty stays so.
func TestDecodeNothing(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := serveDecoded(t, driver)
		eachReader(func(path string) {
			p := s.dial()
			p.send(post(path, "as it is"))
			p.expect("POST", 200, sum([]byte("as it is")), path)
			p.send(post(path, "as it is", "Content-Encoding: identity, "))
			p.expect("POST", 200, sum([]byte("as it is")), path)
			p.send(post(path, "", "Content-Encoding: gzip"))
			p.expect("POST", 200, sum(nil), path)
			p.send(get(path, "Content-Encoding: br"))
			p.expect("GET", 200, sum(nil), path)
			two := encoded("gzip, br", "twice")
			p.send(post(path, two, "content-encoding: GZIP", "X: y", "Content-Encoding: br"))
			p.expect("POST", 200, sum([]byte("twice")), "two field lines are one list: "+path)
		})
	})
}

func TestDecodeLen(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			before := r.Body.Len()
			err := r.Body.Decode()
			fmt.Fprint(w, before, " ", r.Body.Len(), " ", err)
			r.Body.Stream(func([]byte, error) {})
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 1000, -1 })
		p := s.dial()
		small, large := encoded("gzip", "twelve bytes"), encoded("gzip", pattern(50_000))
		p.send(post("/", small, "Content-Encoding: gzip"))
		p.expect("POST", 200, itoa(len(small))+" 12 <nil>", "whole")
		p.send(post("/", large, "Content-Encoding: gzip"))
		p.expect("POST", 200, itoa(len(large))+" -1 <nil>", "streamed: nobody knows")
	})
}

func TestDecodeLate(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			_, _ = io.ReadFull(r.Body, make([]byte, 3))
			fmt.Fprint(w, r.Body.Decode(), "; ", r.Body.Decode())
		})
		p := s.dial()
		p.send(post("/", encoded("gzip", "text"), "Content-Encoding: gzip"))
		p.expect("POST", 200, errDecodeLate.Error()+"; "+errDecodeLate.Error(), "a part is not a body")
	})
}

// What cannot be decoded is answered for, with its own status, by every kind of handler that says
// nothing itself; the connection goes on if the body's end is known.
func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	good := encoded("gzip", pattern(20_000))
	flipped := []byte(good)
	flipped[len(flipped)-5] ^= 1
	bomb := encoded("gzip", strings.Repeat("\x00", 3<<20))
	eachDriver(t, func(t *testing.T, driver string) {
		for name, tune := range map[string]func(*Server){
			"whole":    func(s *Server) { s.MaxDecoded = 2 << 20 },
			"streamed": func(s *Server) { s.BodyBuffer, s.MaxBody, s.MaxDecoded = 100, -1, 2<<20 },
		} {
			s := serveDecoded(t, driver, tune)
			for _, tc := range []struct {
				list, body string
				want       *DecodeError
			}{
				{"compress", good, coding.ErrUnsupported},
				{"gzip, gzip, gzip", good, coding.ErrTooManyLayers},
				{"br", good, coding.ErrCorrupt},
				{"gzip", string(flipped), coding.ErrChecksum},
				{"gzip", good[:len(good)-1], coding.ErrTruncated},
				{"gzip", good + "garbage", coding.ErrTrailing},
				{"gzip", bomb, coding.ErrRatio},
				{"zstd", encoded("zstd", pattern(3<<20)), coding.ErrTooLarge},
			} {
				if name == "whole" && tc.want == coding.ErrTooLarge && len(tc.body) > 1<<20 {
					t.Fatal("too large to be whole")
				}
				for _, path := range []string{"/Read", "/Stream", "/Blocking/Read", "/Blocking/Stream"} {
					if name == "streamed" && path == "/Read" {
						continue
					}
					p := s.dial()
					p.send(post(path, tc.body, "Content-Encoding: "+tc.list) + get("/none"))
					a := p.response("POST")
					silent := name == "whole" || tc.want.Status == 415
					if silent && (a.StatusCode != tc.want.Status || a.body != tc.want.Text+"\n") {
						t.Errorf("%s, %s, %s: got %d %.80q, want %d %q", name, path, tc.list, a.StatusCode, a.body, tc.want.Status, tc.want.Text)
					}
					if !silent && a.StatusCode != 599 && a.StatusCode != tc.want.Status {
						t.Errorf("%s, %s, %s: got %d %.80q, want the handler's 599", name, path, tc.list, a.StatusCode, a.body)
					}
					if got := a.Header.Get("Accept-Encoding"); (got == coding.Accepted) != (tc.want.Status == 415) {
						t.Errorf("%s: Accept-Encoding is %q", tc.want.Text, got)
					}
					if name == "whole" && a.Close {
						t.Errorf("%s, %s: the connection is closed although the body was read", path, tc.list)
					}
				}
			}
		}
	})
}

// A Stream callback that says nothing to an error has it answered, and one that has begun to answer
// is told.
func TestDecodeErrorInStream(t *testing.T) {
	t.Parallel()
	good := encoded("gzip", pattern(100_000))
	broken := good[:25_000] + strings.Repeat("x", 5000) + good[30_000:]
	eachDriver(t, func(t *testing.T, driver string) {
		ends := make(chan error, 3)
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			_ = r.Body.Decode()
			speaks := r.Path() == "/speaks"
			r.Body.Stream(func(p []byte, err error) {
				if err != nil {
					ends <- err
				}
				if err != nil && speaks {
					_, _ = w.WriteString(err.Error())
				}
			})
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 100, -1 })
		for _, rest := range []string{broken[20_000:] + post("/never", ""), broken[20_000:]} {
			p := s.dial()
			p.sendSplit(postChunked("/silent", "Content-Encoding: gzip")+chunk(broken[:20_000]), chunk(rest))
			a := p.response("POST")
			if a.StatusCode != 400 || !a.Close {
				t.Errorf("got %d %q, close=%v; want 400 and a close: the body's end is not known", a.StatusCode, a.body, a.Close)
			}
		}
		p := s.dial()
		p.send(post("/speaks", broken, "Content-Encoding: gzip"))
		if a := p.response("POST"); a.StatusCode != 200 || !strings.Contains(a.body, "coding: ") {
			t.Errorf("got %d %q, want what the handler said", a.StatusCode, a.body)
		}
		for range 3 {
			err := <-ends
			if e, ok := as[*DecodeError](err); !ok || e.Status != 400 {
				t.Errorf("the callback was told %v", err)
			}
		}
	})
}

// A client that goes away in the middle of an encoded body: the reader learns it, and the decoder
// comes home from wherever it is.
func TestDecodeAbandoned(t *testing.T) {
	t.Parallel()
	body := encoded("gzip", pattern(500_000))
	eachDriver(t, func(t *testing.T, driver string) {
		ends := make(chan error, 1)
		s := start(t, driver, routes(map[string]HandlerFunc{
			"stream": func(w *ResponseWriter, r *Request) {
				_ = r.Body.Decode()
				r.Body.Stream(func(p []byte, err error) {
					if err != nil {
						ends <- err
					}
				})
			},
			"read": func(w *ResponseWriter, r *Request) {
				_ = r.Body.Decode()
				_, err := io.Copy(io.Discard, r.Body)
				ends <- err
			},
			"panic": func(w *ResponseWriter, r *Request) {
				_ = r.Body.Decode()
				r.Body.Stream(func(p []byte, err error) { ends <- ErrBodyTruncated; panic("enough") })
			},
		}), func(s *Server) { s.BodyBuffer, s.MaxBody = 100, -1 })
		for _, path := range []string{"/stream", "/b/stream", "/b/read", "/panic"} {
			for _, how := range []string{"FIN", "RST", "broken chunk"} {
				p := s.dial()
				p.send(postChunked(path, "Content-Encoding: gzip") + chunk(body[:100_000]))
				if path != "/panic" {
					s.eventually("the body is being decoded", func(*service) bool { return s.decoders.Out() == 1 })
				}
				switch how {
				case "FIN":
					p.finish()
				case "RST":
					p.reset()
				default:
					_, _ = io.WriteString(p.Conn, "no size\r\n")
				}
				select {
				case err := <-ends:
					if err != ErrBodyTruncated {
						t.Errorf("%s, %s: the reader was told %v", path, how, err)
					}
				case <-time.After(patience):
					t.Fatalf("%s, %s: the reader was told nothing", path, how)
				}
				_ = p.Close()
				s.eventually("everything is home", func(svc *service) bool { return s.decoders.Out() == 0 && svc.live() == 0 })
			}
		}
	})
}

// A body that grows to many MB is passed on as the client takes the answer, and no faster: what
// lies between stays small.
func TestDecodeBackpressure(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(pattern(3000), checkingSize(8000)) // 24 MB, some 120 KB encoded
	body := encoded("gzip", text)
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"echo": func(w *ResponseWriter, r *Request) {
				_ = r.Body.Decode()
				r.Body.Stream(func(p []byte, err error) {
					if len(p) > bodyChunk {
						t.Errorf("a piece of %d bytes", len(p))
					}
					_, _ = w.Write(p)
					if err != nil && err != io.EOF {
						t.Error(err)
					}
				})
			},
		}), func(s *Server) { s.BodyBuffer, s.MaxBody, s.MaxDecodeRatio = 100, -1, 1000 })
		for _, path := range []string{"/echo", "/b/echo"} {
			for _, pieces := range []int{1, 7} {
				p := s.dial()
				_ = p.tcp().SetReadBuffer(64 << 10)
				p.send(postChunked(path, "Content-Encoding: gzip"))
				for i := range pieces {
					p.send(chunk(body[i*len(body)/pieces : (i+1)*len(body)/pieces]))
				}
				p.send("0\r\n\r\n")
				time.Sleep(200 * time.Millisecond)
				s.onLoop(func(svc *service) {
					if held := leased(svc.alloc) + leased(s.shared); held > 2<<20 {
						t.Errorf("%s in %d: %d bytes are held for a client that does not read", path, pieces, held)
					}
				})
				if a := p.response("POST"); a.body != text {
					t.Errorf("%s in %d: got %d bytes that differ", path, pieces, len(a.body))
				}
			}
		}
	})
}

// Bombs are refused early, by whatever reads them, in little memory, and however slowly they come.
func TestDecodeBombs(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 10<<20) // more than MaxDecoded
	lists := allCodings
	if raceEnabled {
		zeros, lists = zeros[:9<<20], []string{"gzip", "zstd"}
	}
	eachDriver(t, func(t *testing.T, driver string) {
		whole := serveDecoded(t, driver)
		streamed := serveDecoded(t, driver, func(s *Server) { s.BodyBuffer, s.MaxBody = 100, -1 })
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, list := range lists {
			bomb := encoded(list, zeros)
			if list == "gzip" || list == "zstd" {
				bomb = strings.Repeat(bomb, checkingSize(500_000)/len(bomb)+1) // 500 MB and more
			}
			field := "Content-Encoding: " + list
			for _, path := range []string{"/Read", "/Stream", "/Blocking/Read", "/Blocking/Stream"} {
				p := whole.dial()
				p.send(post(path, bomb, field))
				if a := p.response("POST"); a.StatusCode != 413 {
					t.Errorf("%s, whole, %s: %d %.80q, want 413", list, path, a.StatusCode, a.body)
				}
				if path == "/Read" || strings.HasSuffix(path, "/Read") && len(bomb) < 1000 {
					continue
				}
				p = streamed.dial()
				_, _ = io.WriteString(p.Conn, post(path, bomb, field)) // may be refused before it is sent
				if a := p.response("POST"); len(bomb) > 100 && a.StatusCode != 599 && a.StatusCode != 413 {
					t.Errorf("%s, streamed, %s: %d %.80q, want 413 from the handler", list, path, a.StatusCode, a.body)
				}
			}
		}
		runtime.ReadMemStats(&after)
		// What the readers under test gather until the limit is in it.
		t.Logf("%d MiB allocated in all, %d MiB of heap", (after.TotalAlloc-before.TotalAlloc)>>20, after.HeapSys>>20)
		for _, s := range []*testServer{whole, streamed} {
			s.onLoop(func(svc *service) {
				if mapped := svc.alloc.Stats().Mapped; mapped > 32<<20 && !raceEnabled {
					t.Errorf("%d MiB are mapped", mapped>>20)
				}
			})
		}
		trickled := encoded("gzip, br", strings.Repeat(zeros[:1<<20], 3))
		p := streamed.dial()
		p.send(postChunked("/Stream", "Content-Encoding: gzip, br") + chunk(trickled[:1]))
		_ = p.SetWriteDeadline(time.Now().Add(patience))
		for i := 1; i < len(trickled); i++ {
			if _, err := io.WriteString(p.Conn, chunk(trickled[i:i+1])); err != nil {
				break
			}
		}
		_, _ = io.WriteString(p.Conn, "0\r\n\r\n")
		if a := p.response("POST"); a.StatusCode != 599 && a.StatusCode != 413 {
			t.Errorf("byte by byte: %d %.80q", a.StatusCode, a.body)
		}
	})
}

func TestDecodeLimits(t *testing.T) {
	for _, tc := range []struct {
		cfg           Config
		whole, stream int64
	}{
		{Config{}, 8 << 20, 8 << 20},
		{Config{BodyBuffer: 1000}, 8000, 8000},
		{Config{BodyBuffer: 1000, MaxBody: 1 << 20}, 8000, 1 << 20},
		{Config{BodyBuffer: 1000, MaxBody: -1}, 8000, 1<<63 - 1},
		{Config{BodyBuffer: -1, MaxBody: -1}, 1<<63 - 1, 1<<63 - 1},
		{Config{MaxBody: 100 << 20, MaxDecoded: 5}, 5, 5},
		{Config{MaxDecoded: -1}, 1<<63 - 1, 1<<63 - 1},
	} {
		cfg, err := tc.cfg.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		whole, stream := cfg.decodeLimits()
		if whole.MaxSize != tc.whole || stream.MaxSize != tc.stream || whole.MaxRatio != 200 {
			t.Errorf("%+v: %d and %d by %d, want %d and %d", tc.cfg, whole.MaxSize, stream.MaxSize, whole.MaxRatio, tc.whole, tc.stream)
		}
	}
}

// curl sends what gzip, zstd and brotli make, by whatever of them is installed.
func TestDecodeCurl(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: other processes, to which nothing here makes a difference")
	}
	needsPlain(t)
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	text := pattern(1 << 20)
	dir := t.TempDir()
	for _, list := range allCodings {
		if err := os.WriteFile(filepath.Join(dir, list), []byte(encoded(list, text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if tool, err := exec.LookPath("gzip"); err == nil {
		plain := filepath.Join(dir, "plain")
		if err := errors.Join(os.WriteFile(plain, []byte(text), 0o600), exec.Command(tool, plain).Run(), os.Rename(plain+".gz", filepath.Join(dir, "gzip"))); err != nil {
			t.Fatal(err)
		}
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := serveDecoded(t, driver, func(s *Server) { s.BodyBuffer, s.MaxBody = 100_000, -1 })
		for _, list := range allCodings {
			for _, path := range []string{"/Stream", "/Blocking/Read"} {
				for _, how := range [][]string{nil, {"-H", "Transfer-Encoding: chunked"}} {
					args := append([]string{"-sS", "-q", "--noproxy", "*", "--max-time", "60", "-H", "Content-Encoding: " + list,
						"--data-binary", "@" + filepath.Join(dir, list), "http://" + s.addr + path}, how...)
					out, err := exec.CommandContext(t.Context(), curl, args...).CombinedOutput()
					if err != nil || string(out) != sum([]byte(text)) {
						t.Errorf("%s, %s %v: %v, %.200q", list, path, how, err, out)
					}
				}
			}
		}
	})
}
