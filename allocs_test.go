package ringwire

import (
	"bytes"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The steady state allocates nothing: less than one allocation in a hundred requests,
// in the whole process, through a real socket.
func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("checking builds give every lease its own pages and remember stacks")
	}
	if testConfig(DriverNetpoll).DisablePooling {
		t.Skip("without pooling every buffer is an allocation")
	}
	requests := 100_000
	if testing.Short() {
		requests = 20_000
	}
	handler := func(w *ResponseWriter, r *Request) {
		switch string(r.PathView()) {
		case "/pipeline":
			_, _ = w.WriteString("ok")
		case "/json":
			_ = w.JSON(&sharedGreeting)
		case "/baseline11":
			a, _ := r.QueryInt("a")
			b, _ := r.QueryInt("b")
			if body, err := r.Body.View(); err == nil && len(body) > 0 {
				n, _ := parseInt(body)
				a += n
			}
			_ = w.Commit(len(strconv.AppendInt(w.Reserve(20), a+b, 10)))
		case "/parts":
			n := int64(0)
			for part, err := range r.Parts() {
				if err != nil {
					Error(w, "not a form", StatusBadRequest)
					return
				}
				if content, err := part.View(); err == nil && string(part.NameView()) != "c" {
					v, _ := parseInt(content)
					n += v
				}
			}
			c, _ := r.FormView("c")
			v, _ := parseInt(c)
			_ = w.Commit(len(strconv.AppendInt(w.Reserve(20), n+v, 10)))
		default:
			NotFound(w, r)
		}
	}
	const form = "--b\r\nContent-Disposition: form-data; name=\"a%22\"\r\n\r\n13\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n" +
		"Content-Type: text/plain\r\n\r\n22\r\n--b\r\nContent-Disposition: form-data; name=c\r\n\r\n20\r\n--b--\r\n"
	for _, tc := range []struct{ name, raw, body string }{
		{"pipeline", get("/pipeline"), "ok"},
		{"JSON response", get("/json"), `{"message":"hello, world","n":42}`},
		{"GET with query", get("/baseline11?a=13&b=42"), "55"},
		{"GET with escaped query", get("/baseline11?a=%31%33&b=4%32"), "55"},
		{"POST with length", post("/baseline11?a=13&b=42", "20"), "75"},
		{"POST multipart", post("/parts", form, partsType), "55"},
		{"POST chunked", postChunked("/baseline11?a=13&b=42") + chunk("2") + chunk("0") + "0\r\n\r\n", "75"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				s := start(t, driver, handler, plain)
				const batch = 16 // pipelined, so that the test is not all system calls
				c := newFrugalClient(t, s.addr, strings.Repeat(tc.raw, batch), tc.body)
				for range 2000 / batch {
					c.exchange(batch)
				}
				wantFrugal(t, "request", requests, 0.01, func() {
					for range requests / batch {
						c.exchange(batch)
					}
				})
				// The same one by one: every request is a turn of its own.
				c.send = []byte(tc.raw)
				for range 200 {
					c.exchange(1)
				}
				wantFrugal(t, "request that comes alone", requests/50, 0.01, func() {
					for range requests / 50 {
						c.exchange(1)
					}
				})
			})
		})
	}
}

// wantFrugal expects f, which does something n times, to allocate less than limit times for each.
// The runtime allocates now and then by itself, which shows where n is small: one good try of
// five is enough.
func wantFrugal(t *testing.T, what string, n int, limit float64, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	for try := 1; ; try++ {
		runtime.GC()
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		per := float64(after.Mallocs-before.Mallocs) / float64(n)
		t.Logf("%.5f allocations and %.2f bytes per %s", per, float64(after.TotalAlloc-before.TotalAlloc)/float64(n), what)
		if per < limit {
			return
		}
		if try == 5 {
			t.Errorf("%.4f allocations per %s, want below %v", per, what, limit)
			return
		}
	}
}

// frugalClient does not allocate.
type frugalClient struct {
	t    *testing.T
	c    net.Conn
	send []byte
	end  []byte // of every response
	buf  []byte
	n    int // bytes in buf
}

func newFrugalClient(t *testing.T, addr, send, body string) *frugalClient {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	return &frugalClient{t: t, c: c, send: []byte(send), end: []byte("\r\n\r\n" + body), buf: make([]byte, 64<<10)}
}

// exchange sends once and reads n responses.
func (f *frugalClient) exchange(n int) {
	if _, err := f.c.Write(f.send); err != nil {
		f.t.Fatal(err)
	}
	f.n = 0
	for count := 0; count < n; {
		k, err := f.c.Read(f.buf[f.n:])
		if err != nil {
			f.t.Fatalf("after %d of %d responses: %v", count, n, err)
		}
		f.n += k
		count = bytes.Count(f.buf[:f.n], f.end)
	}
	if !bytes.HasPrefix(f.buf, ok200) || !bytes.HasSuffix(f.buf[:f.n], f.end) {
		f.t.Fatalf("got %.300q", f.buf[:f.n])
	}
}

var ok200 = []byte("HTTP/1.1 200 OK\r\n")
