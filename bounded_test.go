package ringwire

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// A body of 256 MB passes through a bounded number of leases, in both directions, on the loop
// and on a worker, while the one at the other end is now faster and now slower.
func TestBodyBounded(t *testing.T) {
	if testConfig(DriverNetpoll).DisablePooling {
		t.Skip("without pooling nothing is mapped, and leases are as long as they are asked for")
	}
	size := 256 << 20
	if testing.Short() || raceEnabled {
		size = 16 << 20
	}
	handlers := map[string]HandlerFunc{
		"read": func(w *ResponseWriter, r *Request) { // on a worker
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, err)
		},
		"sink": func(w *ResponseWriter, r *Request) {
			n := 0
			r.Body.Stream(func(p []byte, err error) {
				if n += len(p); err != nil {
					fmt.Fprint(w, n, err)
				}
			})
		},
		"echo": func(w *ResponseWriter, r *Request) {
			r.Body.Stream(func(p []byte, err error) { _, _ = w.Write(p) })
		},
		"copy": func(w *ResponseWriter, r *Request) { _, _ = io.Copy(w, r.Body) }, // on a worker
		"produce": func(w *ResponseWriter, r *Request) {
			n := 0
			w.Stream(func(w *ResponseWriter) error {
				k, _ := w.WriteString(patternAt(n, size))
				if n += k; n == size {
					return io.EOF
				}
				return nil
			})
		},
		"write": func(w *ResponseWriter, r *Request) { // on a worker
			for n := 0; n < size; {
				k, err := w.WriteString(patternAt(n, size))
				if n += k; err != nil {
					return
				}
			}
		},
	}
	eachDriver(t, func(t *testing.T, driver string) {
		for _, path := range []string{"/b/read", "/sink", "/echo", "/b/copy", "/produce", "/b/write"} {
			t.Run(path[1:], func(t *testing.T) {
				s := start(t, driver, routes(handlers), func(s *Server) { s.MaxBody = -1 })
				p := s.dial()
				_ = p.SetDeadline(time.Now().Add(2 * time.Minute))
				if strings.HasSuffix(path, "produce") || strings.HasSuffix(path, "write") {
					p.send(get(path))
				} else {
					go sendPattern(t, p, path, size)
				}
				res, err := http.ReadResponse(p.r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(path, "read") || strings.HasSuffix(path, "sink") {
					if told, err := io.ReadAll(res.Body); !strings.HasPrefix(string(told), itoa(size)) {
						t.Errorf("the handler saw %q, %v, want %d bytes", told, err, size)
					}
				} else if n := drainSlowly(t, res.Body); n != size {
					t.Errorf("%d bytes came, want %d", n, size)
				}
				var loop, shared footprint
				s.onLoop(func(svc *service) { loop.measure(svc.alloc.Stats()) })
				shared.measure(s.shared.Stats())
				t.Logf("%d MiB through %d KiB of leases and %d large ones, %d KiB are mapped", size>>20,
					(loop.high+shared.high)>>10, loop.large+shared.large, (loop.mapped+shared.mapped)>>10)
				if most := int64(4 << 20); loop.high+shared.high > most {
					t.Errorf("%d KiB were leased at once, want at most %d", (loop.high+shared.high)>>10, most>>10)
				}
				// What a ring had received when it was told to pause is kept in one piece, up to all its buffers:
				// one such piece, and while it grows another.
				if loop.large > 2 || shared.large > 0 {
					t.Errorf("%d and %d large leases were out at once, want at most 2 and 0", loop.large, shared.large)
				}
				if mapped := loop.mapped + shared.mapped; mapped > 12<<20 && !raceEnabled { // 1 MiB for each of five classes, twice
					t.Errorf("%d KiB are mapped", mapped>>10)
				}
			})
		}
	})
}

// footprint is what an allocator has needed so far.
type footprint struct {
	high   int64 // bytes out at once, as if all size classes had been at their highest at the same time
	large  int   // leases above the classes, out at once
	mapped int64
}

func (f *footprint) measure(st mem.Stats) {
	for _, c := range st.Classes {
		f.high += int64(c.HighWater) * int64(c.Size)
		if c.Size == 0 {
			f.large = c.HighWater
		}
	}
	f.mapped = st.Mapped
}

// patternAt is a piece of the pattern at n, of a body of that size.
func patternAt(n, size int) string {
	at := n % len(patternBlock)
	return patternBlock[at:min(at+60_000, len(patternBlock), at+size-n)]
}

// sendPattern sends a POST of that size.
func sendPattern(t *testing.T, p *peer, path string, size int) {
	_, err := fmt.Fprintf(p.Conn, "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n", path, size)
	for sent := 0; sent < size && err == nil; {
		var n int
		n, err = io.WriteString(p.Conn, patternAt(sent, size))
		sent += n
	}
	if err != nil {
		t.Errorf("upload: %v", err)
	}
}

// drainSlowly reads the pattern and rests at times, so that its sender runs into what bounds it.
func drainSlowly(t *testing.T, body io.Reader) (n int) {
	twice := patternBlock + patternBlock
	buf := make([]byte, len(patternBlock))
	for rest := 0; ; {
		k, err := body.Read(buf)
		if string(buf[:k]) != twice[n%len(patternBlock):][:k] {
			t.Fatalf("other bytes came than were sent, behind %d", n)
		}
		if n += k; err == io.EOF {
			return n
		}
		if err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
		if rest += k; rest > 4<<20 {
			rest = 0
			time.Sleep(2 * time.Millisecond)
		}
	}
}
