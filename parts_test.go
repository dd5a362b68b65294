package ringwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	stdmultipart "mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/multipart"
)

// formOf is a body with the boundary "b" of a field "a", a file "f" of n bytes, and a field "z".
func formOf(n int) string {
	var b bytes.Buffer
	w := stdmultipart.NewWriter(&b)
	_ = w.SetBoundary("b")
	_ = w.WriteField("a", "1 + 2")
	f, _ := w.CreateFormFile("f", "../dir/x.bin")
	_, _ = io.WriteString(f, pattern(n))
	_ = w.WriteField("z", "")
	_ = w.Close()
	return b.String()
}

// saysForm is what partReaders say of formOf(n).
func saysForm(n int) string {
	return fmt.Sprintf("a \"\" %s\nf \"x.bin\" %s\nz \"\" %s\n", sum([]byte("1 + 2")), sum([]byte(pattern(n))), sum(nil))
}

const partsType = "Content-Type: multipart/form-data; boundary=b"

func postForm(path, body string) string { return post(path, body, partsType) }

// partWays are all ways to read a part; each says what it read.
var partWays = map[string]func(p *Part) ([]byte, error){
	"View": func(p *Part) ([]byte, error) {
		v, err := p.View()
		if err == nil && int64(len(v)) != p.Len() {
			err = fmt.Errorf("View has %d bytes, Len says %d", len(v), p.Len())
		}
		return v, err
	},
	"Views": func(p *Part) (all []byte, err error) {
		err = p.Views(func(v View) bool { all = append(all, v...); return true })
		return all, err
	},
	"Read": func(p *Part) ([]byte, error) { return io.ReadAll(p) },
	"Small": func(p *Part) (all []byte, err error) { // in small pieces, then the rest
		var b [7]byte
		for range 3 {
			var n int
			if n, err = p.Read(b[:]); err != nil {
				break
			}
			all = append(all, b[:n]...)
		}
		rest, err := io.ReadAll(p)
		if n, again := p.Read(b[:]); n != 0 || again != io.EOF {
			err = fmt.Errorf("after the end: %d, %v", n, again)
		}
		return append(all, rest...), err
	},
	"Keep": func(p *Part) (all []byte, err error) {
		var segs mem.Segments
		err = p.Keep(&segs)
		all, _ = io.ReadAll(&segs)
		return all, err
	},
}

// serveParts answers with what the way of reading that the path names says of each part.
func serveParts(w *ResponseWriter, r *Request) {
	_, name, _ := strings.Cut(strings.TrimPrefix(r.Path(), "/b"), "/")
	if name == "Stream" {
		streamSays(w, r)
		return
	}
	var text bytes.Buffer // a worker would send it on its way
	for part, err := range r.Parts() {
		if err != nil {
			failParts(w, err)
			return
		}
		all, err := partWays[name](part)
		if err != nil {
			failParts(w, err)
			return
		}
		fmt.Fprintf(&text, "%s %q %s\n", part.NameView(), part.FileName(), sum(all))
	}
	_, _ = w.Write(text.Bytes())
}

func streamSays(w *ResponseWriter, r *Request) {
	var all []byte
	var text bytes.Buffer
	r.StreamParts(func(part *Part, p []byte, err error) {
		switch {
		case part != nil && err == io.EOF:
			fmt.Fprintf(&text, "%s %q %s\n", part.NameView(), part.FileName(), sum(all))
		case part != nil && p == nil:
			all = nil
		case part != nil:
			all = append(all, p...)
			if n, err := part.Read(make([]byte, 1)); n != 0 || err != ErrBodyStreaming || part.Len() != -1 {
				text.WriteString("Read inside of StreamParts\n")
			}
		case err != io.EOF:
			failParts(w, err)
		default:
			_, _ = w.Write(text.Bytes())
		}
	})
}

func failParts(w *ResponseWriter, err error) {
	status := 599
	var bad *multipart.Error
	if errors.As(err, &bad) {
		status = bad.Status
	}
	Error(w, err.Error(), status)
}

// both is serveParts, on a worker below /b.
func bothParts(w *ResponseWriter, r *Request) {
	if strings.HasPrefix(r.Path(), "/b/") {
		Blocking(HandlerFunc(serveParts)).ServeHTTP(w, r)
		return
	}
	serveParts(w, r)
}

// The parts are what was sent, by whichever method they are read, on the loop and on a worker, whole and streamed,
// at once, in chunks and in small pieces.
func TestParts(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, bothParts, func(s *Server) { s.BodyBuffer, s.MaxBody = 100_000, -1 })
		p := s.dial()
		for _, size := range []int{0, 10, 5000, 90_000, 300_000} {
			body, want := formOf(size), saysForm(size)
			for _, path := range []string{"/View", "/Views", "/Read", "/Small", "/Keep", "/Stream", "/b/View", "/b/Views", "/b/Read", "/b/Small", "/b/Keep", "/b/Stream"} {
				streamed := len(body) > 100_000
				if streamed && (strings.Contains(path, "View") || !strings.HasPrefix(path, "/b/") && path != "/Stream") {
					p := s.dial()
					p.send(postForm(path, body))
					p.expect("POST", 599, ErrBodyStreaming.Error()+"\n", path)
					_ = p.Close()
					continue
				}
				what := fmt.Sprintf("%s, %d bytes", path, size)
				p.send(postForm(path, body))
				p.expect("POST", 200, want, what)
				p.send(postChunked(path, partsType))
				for rest := body; rest != ""; {
					n := min(len(rest), 1+len(rest)/3)
					p.send(chunk(rest[:n]))
					rest = rest[n:]
				}
				p.send("0\r\n\r\n")
				p.expect("POST", 200, want, what+", chunked")
			}
		}
	})
}

// However the body arrives, the parts are the same.
func TestPartsSplit(t *testing.T) {
	t.Parallel()
	body := formOf(20)
	eachDriver(t, func(t *testing.T, driver string) {
		for _, buffer := range []int{0, 10} { // whole, and streamed
			s := start(t, driver, bothParts, func(s *Server) { s.BodyBuffer, s.MaxBody = buffer, 1<<20 })
			p := s.dial()
			for _, path := range []string{"/Stream", "/b/Read", "/b/Small", "/b/Keep"} {
				raw := postForm(path, body)
				for cut := len(raw) - len(body); cut < len(raw); cut += 13 {
					p.sendSplit(raw[:cut], raw[cut:])
					p.expect("POST", 200, saysForm(20), fmt.Sprintf("%s cut at %d", path, cut))
				}
			}
		}
	})
}

func TestPartsRefused(t *testing.T) {
	t.Parallel()
	const head = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n"
	eachDriver(t, func(t *testing.T, driver string) {
		for _, buffer := range []int{0, 10} {
			s := start(t, driver, bothParts, func(s *Server) { s.BodyBuffer, s.MaxBody = buffer, 1<<20 })
			for body, want := range map[string]*multipart.Error{
				head + "1\r\n--b\r\n":                           multipart.ErrTruncated,
				head + "1\r\n--b\n":                             multipart.ErrBareLF,
				"--b\r\nContent-Disposition: form-data\r\n\r\n": multipart.ErrNoName,
				strings.Repeat(head+"\r\n", 1001):               multipart.ErrTooManyParts,
			} {
				for _, path := range []string{"/Read", "/Stream", "/b/Read", "/b/Stream"} {
					if buffer > 0 && path == "/Read" {
						continue // streams
					}
					p := s.dial()
					p.send(postForm(path, body))
					p.expect("POST", want.Status, want.Error()+"\n", path)
					_ = p.Close()
				}
			}
			p := s.dial()
			p.send(strings.Replace(postForm("/Read", head), "form-data", "mixed", 1))
			p.expect("POST", 415, multipart.ErrNotFormData.Error()+"\n", "another type")
		}
	})
}

// A body that is malformed is answered at once, not when the rest of it has come; the connection ends.
func TestStreamPartsEarly(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, bothParts, func(s *Server) { s.MaxBody = 1 << 30 })
		for _, path := range []string{"/Stream", "/b/Stream", "/b/Read"} {
			p := s.dial()
			p.send("POST " + path + " HTTP/1.1\r\nHost: t\r\n" + partsType + "\r\nContent-Length: 900000000\r\n\r\n")
			time.Sleep(3 * time.Millisecond)
			p.send("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--bx")
			p.expect("POST", 400, multipart.ErrDelimiter.Error()+"\n", path)
			if _, err := p.r.ReadByte(); err != io.EOF {
				t.Errorf("%s: the connection did not end: %v", path, err)
			}
		}
	})
}

// A client that goes away in the middle is no form.
func TestPartsGone(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		told := make(chan error, 1)
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/stream" {
				r.StreamParts(func(part *Part, p []byte, err error) {
					if part == nil {
						told <- err
					}
				})
				return
			}
			Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
				for part, err := range r.Parts() {
					if err != nil {
						told <- err
						break
					}
					_, _ = io.Copy(io.Discard, part)
				}
			})).ServeHTTP(w, r)
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 1000, 1<<20 })
		raw := postForm("/stream", formOf(20_000))
		for _, path := range []string{"/stream", "/loopd"} {
			p := s.dial()
			p.send(strings.Replace(raw[:10_000], "/stream", path, 1))
			time.Sleep(3 * time.Millisecond)
			_ = p.Close()
			select {
			case err := <-told:
				if err != ErrBodyTruncated {
					t.Errorf("%s was told %v, want ErrBodyTruncated", path, err)
				}
			case <-time.After(patience):
				t.Fatalf("%s was told nothing", path)
			}
		}
	})
}

// The heads are there while the content is read, and all of them are what was sent.
func TestPartHeads(t *testing.T) {
	t.Parallel()
	body := "--b\r\nX-One: 1\r\nContent-Disposition: form-data; name=\"q%22\"; filename=\"C:\\dir\\a b.txt\"\r\nContent-Type: text/x; y=1\r\n\r\n" +
		pattern(40_000) + "\r\n--b\r\nContent-Disposition: form-data; name=n; filename=\"\"\r\n\r\n\r\n--b--"
	const want = `q" true "a b.txt" "C:\\dir\\a b.txt" "text/x; y=1" "1" [X-One=1][Content-Disposition=…][Content-Type=text/x; y=1]` + "\n" +
		`n true "" "" "" "" [Content-Disposition=…]` + "\n"
	say := func(w io.Writer, p *Part) {
		fmt.Fprintf(w, "%s %v %q %q %q %q ", p.Name(), p.IsFile(), p.FileName(), p.FileNameView(), p.ContentTypeView(), p.HeaderView("x-one"))
		for name, value := range p.Headers() {
			if string(name) == "Content-Disposition" {
				value = View("…")
			}
			fmt.Fprintf(w, "[%s=%s]", name, value)
		}
		fmt.Fprintln(w)
	}
	eachDriver(t, func(t *testing.T, driver string) {
		for _, buffer := range []int{0, 1000} {
			s := start(t, driver, routes(map[string]HandlerFunc{
				"parts": func(w *ResponseWriter, r *Request) {
					for part, err := range r.Parts() {
						if err != nil {
							failParts(w, err)
							return
						}
						_, _ = io.Copy(io.Discard, part)
						say(w, part)
					}
				},
				"stream": func(w *ResponseWriter, r *Request) {
					r.StreamParts(func(part *Part, _ []byte, err error) {
						if part != nil && err == io.EOF {
							say(w, part)
						}
					})
				},
			}), func(s *Server) { s.BodyBuffer, s.MaxBody = buffer, 1<<20 })
			p := s.dial()
			for _, path := range []string{"/b/parts", "/stream", "/b/stream"} {
				p.send(postForm(path, body))
				p.expect("POST", 200, want, path)
			}
		}
	})
}

// What was not read of a part, or of the body, does not matter; a whole body can be gone over again, and inside of itself.
func TestPartsPassedOver(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"names": func(w *ResponseWriter, r *Request) {
				for part := range r.Parts() {
					_, _ = part.Read(make([]byte, 3))
					_, _ = w.WriteString(part.Name() + " ")
				}
			},
			"break": func(w *ResponseWriter, r *Request) {
				for part := range r.Parts() {
					_, _ = w.WriteString(part.Name())
					break
				}
			},
			"nested": func(w *ResponseWriter, r *Request) {
				for part := range r.Parts() {
					for inner := range r.Parts() {
						_, _ = w.WriteString(part.Name() + inner.Name() + r.Form("a") + " ")
					}
				}
			},
			"panic": func(w *ResponseWriter, r *Request) {
				for range r.Parts() {
					panic("in the loop")
				}
			},
		}), func(s *Server) { s.BodyBuffer, s.MaxBody = 100_000, 1<<20 })
		for _, tc := range []struct {
			path string
			size int
			want string
		}{
			{"/names", 50, "a f z "}, {"/b/names", 50, "a f z "}, {"/b/names", 200_000, "a f z "},
			{"/break", 50, "a"}, {"/b/break", 200_000, "a"},
			{"/nested", 50, "aa1 + 2 af1 + 2 az1 + 2 fa1 + 2 ff1 + 2 fz1 + 2 za1 + 2 zf1 + 2 zz1 + 2 "},
		} {
			p := s.dial()
			p.send(postForm(tc.path, formOf(tc.size)))
			p.expect("POST", 200, tc.want, tc.path)
			_ = p.Close()
		}
		for _, path := range []string{"/panic", "/b/panic"} { // the audit finds what that leaves
			p := s.dial()
			p.send(postForm(path, formOf(200_000*(len(path)-6)/2)))
			p.expect("POST", 500, "500 internal server error\n", path)
			_ = p.Close()
		}
	})
}

func TestFormParts(t *testing.T) {
	t.Parallel()
	file := "--b\r\nContent-Disposition: form-data; name=a; filename=x\r\n\r\nof the file\r\n"
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"form": func(w *ResponseWriter, r *Request) {
			for _, name := range []string{"a", "z", "f", "none"} {
				v, ok := r.FormView(name)
				fmt.Fprintf(w, "%q %v ", v, ok)
			}
		}}), func(s *Server) { s.BodyBuffer, s.MaxBody = 100_000, 1<<20 })
		p := s.dial()
		for _, path := range []string{"/form", "/b/form"} {
			for body, want := range map[string]string{
				formOf(10):             `"1 + 2" true "" true "" false "" false `,
				file + formOf(10):      `"1 + 2" true "" true "" false "" false `,
				formOf(90_000):         `"1 + 2" true "" true "" false "" false `,
				formOf(10)[:50]:        `"" false "" false "" false "" false `,
				formOf(10)[:90] + "\n": `"1 + 2" true "" false "" false "" false `, // malformed behind it
				formOf(300_000):        `"" false "" false "" false "" false `,     // streamed
			} {
				if path == "/form" && len(body) > 100_000 {
					continue
				}
				p.send(postForm(path, body))
				p.expect("POST", 200, want, fmt.Sprintf("%s, %d bytes", path, len(body)))
				if len(body) > 100_000 {
					p = s.dial() // it was not read
				}
			}
		}
	})
}

// What was kept is the application's, also after the request, and of a body in leases it is those very leases.
func TestPartKeep(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		kept := make(chan *mem.Segments, 1)
		same := make(chan bool, 1)
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
				for part := range r.Parts() {
					if part.IsFile() {
						var first View
						_ = part.Views(func(p View) bool { first = p; return false })
						segs := new(mem.Segments)
						segs.Init(r.ex.svc.srv.shared)
						_ = part.Keep(segs)
						same <- &segs.First()[0] == &first[0]
						kept <- segs
					}
				}
			})).ServeHTTP(w, r)
		})
		p := s.dial()
		p.send(postForm("/", formOf(100_000)))
		p.expect("POST", 200, "", "kept")
		p.send(postForm("/none", formOf(100_000))) // in the same memory, if it were free
		segs := <-kept
		defer segs.Release()
		if !<-same {
			t.Error("the content was copied")
		}
		if got := string(segs.Flatten()); got != pattern(100_000) {
			t.Errorf("%d bytes were kept, others than sent", len(got))
		}
		p.expect("POST", 200, "", "the next")
		(<-kept).Release()
		<-same
	})
}

// An upload of 256 MB goes to a file and through a few leases.
func TestPartsHuge(t *testing.T) {
	needsPlain(t)
	size := 256 << 20
	if testing.Short() || raceEnabled {
		size = 32 << 20
	}
	if testConfig(DriverNetpoll).DisablePooling {
		size = 1 << 20
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"pull": func(w *ResponseWriter, r *Request) {
				for part, err := range r.Parts() {
					if err != nil {
						failParts(w, err)
						return
					}
					n, err := io.Copy(io.Discard, part)
					fmt.Fprint(w, n, err)
				}
			},
			"held": func(w *ResponseWriter, r *Request) {
				held := 0
				for _, a := range []*mem.Allocator{r.ex.svc.srv.shared, r.ex.svc.alloc} {
					for _, c := range a.Stats().Classes {
						size := c.Size
						if size == 0 {
							size = 1 << 20 // larger than all classes
						}
						held += c.HighWater * size
					}
				}
				fmt.Fprint(w, held)
			},
			"push": func(w *ResponseWriter, r *Request) {
				n := 0
				r.StreamParts(func(part *Part, p []byte, err error) {
					if n += len(p); part == nil {
						fmt.Fprint(w, n, err == io.EOF)
					}
				})
			},
		}), func(s *Server) { s.MaxBody = -1 })
		head := "--b\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\n"
		for path, want := range map[string]string{"/b/pull": "%d <nil>", "/push": "%d true"} {
			body := io.MultiReader(strings.NewReader(head), io.LimitReader(endless{}, int64(size)), strings.NewReader("\r\n--b--"))
			res, err := http.Post("http://"+s.addr+path, "multipart/form-data; boundary=b", body)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if string(got) != fmt.Sprintf(want, size) {
				t.Errorf("%s: %s, want %d bytes", path, got, size)
			}
		}
		http.DefaultClient.CloseIdleConnections()
		held, err := strconv.Atoi(s.dial().get("/held").body)
		if err != nil {
			t.Fatal(err)
		}
		if t.Logf("%d KiB were leased at most", held>>10); held > 8<<20 {
			t.Errorf("%d KiB were leased at once, want %d", held>>10, 8<<10)
		}
	})
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, patternBlock), nil }

// Uploaded files cannot leave their directory, whatever they are called.
func TestPartFileName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"up": func(w *ResponseWriter, r *Request) {
			for part, err := range r.Parts() {
				if err != nil || part.FileName() == "" {
					failParts(w, fmt.Errorf("refused: %w", err))
					return
				}
				content, _ := part.View()
				if err := os.WriteFile(filepath.Join(dir, part.FileName()), content, 0o600); err != nil {
					failParts(w, err)
				}
			}
		}}))
		p := s.dial()
		for name, status := range map[string]int{"../../evil": 200, `..\\evil`: 200, "/evil": 200, "..": 599, "": 599, "../": 599, "a%0Ab": 599} {
			p.send(postForm("/b/up", "--b\r\nContent-Disposition: form-data; name=f; filename=\""+name+"\"\r\n\r\n1\r\n--b--"))
			if a := p.response("POST"); a.StatusCode != status {
				t.Errorf("%q: %d %s, want %d", name, a.StatusCode, a.body, status)
			}
		}
		files, _ := os.ReadDir(dir)
		if len(files) != 1 || files[0].Name() != "evil" {
			t.Errorf("files are %v", files)
		}
	})
}
