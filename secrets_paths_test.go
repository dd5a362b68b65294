package ringwire

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// oldSecret is what fills every buffer before the clean connections come.
const oldSecret = "SECRET000000000000TERCES"

// Whatever was in a buffer stays there. Every buffer that a server has is filled with
// secrets, by requests that are marked with them and by hand, and given back; then clean
// clients take every way that ends in an answer, above all those where one is cut, padded,
// abandoned or made by the server itself. What they receive, to the last byte of the
// connection, and what statistics and the log say holds no secret.
//
// Each of these makes it fail: decoded values whose capacity reaches into the scratch behind them,
// ResponseWriter.Append that sends from the lease's beginning, Writer.Commit of ten bytes too many.
func TestSecretsStayInBuffers(t *testing.T) {
	needsPlain(t)
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		app := mem.NewAllocator(mem.Config{Shared: true})
		defer func() {
			if err := app.Close(); err != nil {
				t.Error(err)
			}
		}()
		gate := make(chan struct{})
		s := start(t, driver, secretRoutes(app, gate), func(s *Server) {
			s.BodyBuffer, s.MaxBody, s.Workers, s.WorkQueue = 10_000, 20<<20, 2, 1
		})
		flood(s)
		for _, c := range clean {
			s.onLoop(func(svc *service) { spoil(svc.alloc) })
			spoil(s.shared)
			spoil(app)
			t.Run(c.name, func(t *testing.T) {
				for range 3 { // the second comes to what the first has left
					p := dialPeer(t, "tcp", s.addr)
					p.sendSplit(c.pieces...)
					if c.cut {
						p.reset()
						continue
					}
					if !c.open {
						p.finish()
					}
					got := receive(p, c.last)
					if i := strings.Index(got, "SECRET"); i >= 0 {
						t.Errorf("at byte %d of the answer lies a secret: %.300q", i, got[max(0, i-100):])
					}
					if !strings.Contains(got, c.want) {
						t.Errorf("the answer is %.300q, want %q in it", got, c.want)
					}
					_ = p.Close()
				}
			})
		}
		crowd(t, s, gate)
		if text := fmt.Sprintf("%+v %+v %v", s.Stats(), s.DriverInfo(), s.log.String()); strings.Contains(text, "SECRET") {
			t.Errorf("statistics or log hold a secret: %.2000q", text)
		}
	})
}

// clean are requests without a secret. Their connection is read until last has come, or to
// its end.
var clean = []struct {
	name   string
	pieces []string
	want   string
	last   string
	cut    bool // resets, and is not answered
	open   bool // does not say that it is at its end
}{
	{name: "small", pieces: []string{get("/hi")}, want: "hi"},
	{name: "small, on a worker", pieces: []string{get("/b/hi")}, want: "hi"},
	{name: "400", pieces: []string{"GET / HTTP/1.1\r\nHost: t\r\nbad field\r\n\r\n"}, want: " 400 "},
	{name: "400, in pieces", pieces: []string{"GET / HTTP/1.1\r\nHo", "st: t\r\nbad", " field\r\n\r\n"}, want: " 400 "},
	{name: "400 to a bad chunk", pieces: []string{postChunked("/b/part") + "5\r\nhel", "loX\r\n"}, want: " 400 "},
	{name: "413", pieces: []string{"POST /hi HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\n\r\n"}, want: " 413 "},
	{name: "414", pieces: []string{"GET /" + strings.Repeat("x", 9000)}, want: " 414 "},
	{name: "431", pieces: []string{get("/hi", "X: "+strings.Repeat("x", 9000), "Y: "+strings.Repeat("y", 9000))}, want: " 431 "},
	{name: "501", pieces: []string{"CONNECT t:1 HTTP/1.1\r\nHost: t:1\r\n\r\n"}, want: " 501 "},
	{name: "500", pieces: []string{get("/panic")}, want: " 500 "},
	{name: "500, on a worker", pieces: []string{get("/b/panic")}, want: " 500 "},
	{name: "a panic after the head", pieces: []string{get("/late")}, want: ""},
	{name: "a panic after the head, on a worker", pieces: []string{get("/b/late")}, want: "begun"},
	{name: "a head cut by a reset", pieces: []string{"GET /hi HTTP/1.1\r\nHost: t", "\r\nX-Half:"}, cut: true},
	{name: "a head cut short", pieces: []string{"GET /hi HTTP/1.1\r\nHost: t", "\r\nX-Half:"}, want: " 400 "},
	{name: "a body cut short", pieces: []string{post("/b/part", pattern(5000))[:1000]}, want: " 400 "},
	{name: "a streamed body cut short", pieces: []string{post("/b/part", pattern(50_000))[:30_000]}, want: "read 10: 0.1.2.3.4."},
	{name: "partly read", pieces: []string{post("/part", pattern(5000))}, want: "read 10: 0.1.2.3.4."},
	{name: "partly read, on a worker", pieces: []string{post("/b/part", pattern(9000)[:4000]), pattern(9000)[4000:]}, want: "read 10: 0.1.2.3.4."},
	{name: "partly read of a stream", pieces: []string{postChunked("/b/part") + chunk(pattern(15_000)) + chunk("end") + "0\r\n\r\n"},
		want: "read 10: 0.1.2.3.4."},
	{name: "less than declared", pieces: []string{get("/less")}, want: ""},
	{name: "less than declared, on a worker", pieces: []string{get("/b/less")}, want: ""},
	{name: "less than reserved", pieces: []string{get("/reserve")}, want: "reserved"},
	{name: "less than reserved, on a worker", pieces: []string{get("/b/reserve")}, want: "reserved"},
	{name: "a part of a lease", pieces: []string{get("/lease")}, want: "<lease>"},
	{name: "a part of a lease, on a worker", pieces: []string{get("/b/lease")}, want: "<lease>"},
	{name: "built and detached", pieces: []string{get("/detach")}, want: "detached"},
	{name: "flushed", pieces: []string{get("/flush")}, want: "flushed"},
	{name: "streamed", pieces: []string{get("/stream")}, want: "streamed"},
	{name: "HEAD", pieces: []string{strings.Replace(get("/lease"), "GET", "HEAD", 1)}, want: " 200 "},
	{name: "304", pieces: []string{get("/304")}, want: " 304 "},
	{name: "pipelined", pieces: []string{get("/lease") + post("/b/part", pattern(3000)) + get("/reserve") + get("/b/lease") + get("/b/hi")}, want: "\r\nhi"},
	{name: "pipelined and cut", pieces: []string{get("/lease") + get("/reserve") + get("/hi")[:20]}, want: " 400 "},
	{name: "upgraded", pieces: []string{upgradeRequest, "raw"}, want: switching + "raw", last: "raw", open: true},
	{name: "decoded", pieces: []string{get("/decoded?q=%61b")}, want: "ab."},
	{name: "to the end of each view", pieces: []string{postChunked("/caps?q=%61b&r=cd", formType, "X: y") + chunk("f=%67h") + "0\r\nX-T: mine\r\n\r\n"},
		want: "ab|cd|y|/caps|gh|f=%67h|f=%67h|mine|"},
	{name: "to the end of each view, on a worker", pieces: []string{postChunked("/b/caps?q=%61b&r=cd", formType, "X: y") + chunk("f=%67h") + "0\r\nX-T: mine\r\n\r\n"},
		want: "ab|cd|y|/b/caps|gh|f=%67h|f=%67h|mine|"},
	{name: "to the end of each view of a stream", pieces: []string{post("/pieces", pattern(15_000))}, want: pattern(1000)},
	{name: "to the end of each view of a stream, on a worker", pieces: []string{post("/b/pieces", pattern(15_000))}, want: pattern(15_000)},
	{name: "trailers", pieces: []string{postChunked("/trailers") + chunk("x") + "0\r\nX-T: mine\r\n\r\n"}, want: "X-T=mine "},
	{name: "Expect", pieces: []string{post("/b/part", "0.1.2.3.4.5.", "Expect: 100-continue")}, want: "read 10: 0.1.2.3.4."},
}

// secretRoutes are handlers that say no more than they wrote, in all ways to write.
func secretRoutes(app *mem.Allocator, gate chan struct{}) HandlerFunc {
	h := routes(map[string]HandlerFunc{
		"hi":    func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("hi") },
		"echo":  func(w *ResponseWriter, r *Request) { confess(w, r) },
		"sink":  func(w *ResponseWriter, r *Request) { r.Body.Stream(func(p []byte, err error) { _, _ = w.Write(p) }) },
		"gate":  func(w *ResponseWriter, r *Request) { <-gate },
		"panic": func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(r.Header("X-Secret")); panic("of a handler") },
		"late": func(w *ResponseWriter, r *Request) {
			_, _ = w.WriteString("begun")
			_ = w.Flush()
			w.Reserve(5000)
			panic("of a handler")
		},
		"part": func(w *ResponseWriter, r *Request) {
			buf := make([]byte, 10)
			n, _ := io.ReadFull(r.Body, buf)
			fmt.Fprintf(w, "read %d: %s", n, buf[:n])
		},
		"less":    func(w *ResponseWriter, r *Request) { w.SetContentLength(5000); _, _ = w.WriteString("less") },
		"reserve": func(w *ResponseWriter, r *Request) { _ = w.Commit(len(append(w.Reserve(5000), "reserved"...))) },
		"lease": func(w *ResponseWriter, r *Request) {
			for _, size := range []int{100, 5000, 300_000} {
				l := app.Lease(size)
				_ = w.Append(l, 7, copy(l.Bytes()[7:], "<lease>"))
			}
		},
		"detach": func(w *ResponseWriter, r *Request) {
			var b mem.Writer
			b.Init(app, 4096)
			_, _ = b.WriteString("detached")
			b.Reserve(100)
			_ = w.AppendSegments(b.Segments())
			b.Release()
		},
		"flush": func(w *ResponseWriter, r *Request) {
			_, _ = w.WriteString("flu")
			_ = w.Flush()
			w.Reserve(9000)
			_, _ = w.WriteString("x")
			w.Reset() // too late: it takes nothing back
			_, _ = w.WriteString("\rflushed")
		},
		"stream": func(w *ResponseWriter, r *Request) {
			w.Stream(func(w *ResponseWriter) error {
				_ = w.Commit(len(append(w.Reserve(9000), "streamed"...)))
				return io.EOF
			})
		},
		"304": func(w *ResponseWriter, r *Request) {
			w.WriteHeader(304)
			w.Reserve(5000)
			_, _ = w.WriteString("not sent")
		},
		"decoded": func(w *ResponseWriter, r *Request) { v, _ := r.QueryView("q"); fmt.Fprintf(w, "%s.", v[:cap(v)]) },
		"caps": func(w *ResponseWriter, r *Request) {
			q, _ := r.QueryView("q")
			raw, _ := r.QueryView("r")
			views := []View{q, raw, r.HeaderView("X"), r.PathView()}
			f, _ := r.FormView("f")
			views = append(views, f)
			body, _ := r.Body.View()
			views = append(views, body)
			_ = r.Body.Views(func(p View) bool { views = append(views, p); return true })
			for _, v := range r.Trailers() {
				views = append(views, v)
			}
			for _, v := range views {
				fmt.Fprintf(w, "%s|", v[:cap(v)])
			}
		},
		"pieces": func(w *ResponseWriter, r *Request) {
			r.Body.Stream(func(p []byte, err error) { _, _ = w.Write(p[:cap(p)]) })
		},
		"trailers": func(w *ResponseWriter, r *Request) { confess(w, r); _, _ = w.WriteString(".") },
	})
	return func(w *ResponseWriter, r *Request) {
		if w.Upgrade("echo", &rawEcho{make(chan string, 10)}) != nil {
			h(w, r)
		}
	}
}

// flood has every kind of buffer carry the secret.
func flood(s *testServer) {
	much := strings.Repeat(oldSecret, 400)
	fields := []string{"X-Secret: " + oldSecret, formType, "Cookie: " + much[:5000]}
	for _, b := range []string{"/", "/b/"} {
		for _, body := range []string{oldSecret, much, strings.Repeat(much, 300)} {
			for _, raw := range []string{
				post(b+"echo?q="+strings.ReplaceAll(oldSecret, "C", "%43"), body, fields...),
				post(b+"sink", body, fields...),
				postChunked(b+"echo", fields...) + chunk(body) + "0\r\nX-T: " + oldSecret + "\r\n\r\n",
				post(b+"panic", body[:min(len(body), 9000)], fields...),
			} {
				p := s.dial()
				go func() {
					_, _ = io.WriteString(p.Conn, raw[:3000])
					_, _ = io.WriteString(p.Conn, raw[3000:])
					_ = p.Conn.(*net.TCPConn).CloseWrite()
				}()
				if !strings.Contains(receive(p, ""), "HTTP/1.1 ") {
					s.t.Error("no answer while flooding")
				}
			}
		}
	}
}

// spoil leaves the secret in every buffer that a will lease next.
func spoil(a *mem.Allocator) {
	var out []mem.Lease
	for _, size := range []int{512, 2 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10} {
		for range 6 {
			l := a.Lease(size)
			for p := l.Bytes(); len(p) > 0; {
				p = p[copy(p, oldSecret):]
			}
			out = append(out, l)
		}
	}
	for _, l := range out {
		l.Release()
	}
}

// receive reads until last has come, or to the connection's end.
func receive(p *peer, last string) string {
	_ = p.SetReadDeadline(time.Now().Add(patience))
	var all bytes.Buffer
	buf := make([]byte, 32<<10)
	for last == "" || !strings.HasSuffix(all.String(), last) {
		n, err := p.r.Read(buf)
		all.Write(buf[:n])
		if err != nil {
			break
		}
	}
	return all.String()
}

// crowd fills the workers' queue, so that the last is answered 503.
func crowd(t *testing.T, s *testServer, gate chan struct{}) {
	var waiting []*peer
	for range 3 { // two workers, and one in the queue
		p := s.dial()
		p.send(get("/b/gate"))
		waiting = append(waiting, p)
		s.eventually("they wait", func(svc *service) bool { return svc.live() == len(waiting) })
	}
	p := s.dial()
	p.send(get("/b/hi"))
	p.finish()
	if got := receive(p, ""); strings.Contains(got, "SECRET") || !strings.Contains(got, " 503 ") {
		t.Errorf("with all workers busy the answer is %q", got)
	}
	close(gate)
	for _, p := range waiting {
		p.expect("GET", 200, "", "")
	}
}
