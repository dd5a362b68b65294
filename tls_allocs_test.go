package ringwire

import (
	"bytes"
	stdtls "crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// With TLS a request costs no allocation either: neither its record, nor its response's.
func TestAllocsTLS(t *testing.T) {
	if raceEnabled || testConfig(DriverNetpoll).DisablePooling {
		t.Skip("the build or the configuration allocates by itself")
	}
	requests := 20_000
	if testing.Short() {
		requests = 2000
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("ok") }, withTLS)
		c := newFrugalTLS(t, s.addr)
		for range 300 {
			c.exchange()
		}
		wantFrugal(t, "request", requests, 0.01, func() {
			for range requests {
				c.exchange()
			}
		})
	})
}

// frugalTLS is a client that does not allocate, with a session of ours.
type frugalTLS struct {
	t   *testing.T
	c   net.Conn
	s   *tls.Session
	out []byte // a request with room for its record
	n   int    // its length
	in  []byte
	got int // bytes in in
}

func newFrugalTLS(t *testing.T, addr string) *frugalTLS {
	t.Helper()
	_, pool := testIdentity()
	e, err := tls.NewEngine(tls.Config{System: &stdtls.Config{RootCAs: pool, ServerName: "localhost"}}, tls.Client)
	if err != nil {
		t.Fatal(err)
	}
	alloc := mem.NewAllocator(mem.Config{})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	f := &frugalTLS{t: t, c: c, s: e.NewLoop(alloc).Dial(""), in: make([]byte, 64<<10)}
	t.Cleanup(func() { f.s.Abort(); _ = c.Close(); _ = alloc.Close() })
	var out mem.Writer
	out.Init(alloc, 4096)
	for {
		used, state, err := f.s.Step(f.in[:f.got], &out)
		if err != nil {
			t.Fatal(err)
		}
		f.discard(used)
		if _, err := out.Segments().WriteTo(c); err != nil {
			t.Fatal(err)
		}
		if state == tls.Ready {
			break
		}
		f.fill()
	}
	request := get("/")
	f.n = len(request)
	f.out = append(make([]byte, tls.Head, tls.Head+f.n+tls.Tail), request...)
	f.out = f.out[:cap(f.out)]
	return f
}

func (f *frugalTLS) fill() {
	n, err := f.c.Read(f.in[f.got:])
	if err != nil {
		f.t.Fatal(err)
	}
	f.got += n
}

func (f *frugalTLS) discard(n int) { f.got = copy(f.in, f.in[n:f.got]) }

// exchange sends a request and reads its response.
func (f *frugalTLS) exchange() {
	copy(f.out[tls.Head:], "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
	if _, err := f.c.Write(f.s.Seal(f.out, f.n)); err != nil {
		f.t.Fatal(err)
	}
	for {
		n, _ := f.s.Frame(f.in[:f.got])
		if n == 0 {
			f.fill()
			continue
		}
		v, err := f.s.Open(f.in[:n])
		if err != nil {
			f.t.Fatal(err)
		}
		answered := v.Kind == tls.Data
		if answered && (!bytes.HasPrefix(v.Data, ok200) || !bytes.HasSuffix(v.Data, []byte("\r\n\r\nok"))) {
			f.t.Fatalf("got %q", v.Data)
		}
		f.discard(n)
		if answered {
			return
		}
	}
}
