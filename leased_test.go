package ringwire

import (
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

var answerText = pattern(60_000)

// frames is memory of the application's, and one answer kept in it.
type frames struct {
	*mem.Allocator
	kept mem.Lease
}

func newFrames(t *testing.T, size int) *frames {
	f := &frames{Allocator: mem.NewAllocator(mem.Config{Shared: true})}
	f.kept = f.Lease(size)
	copy(f.kept.Bytes(), answerText[:size])
	t.Cleanup(func() {
		f.kept.Release()
		// The server is closed by now: whatever became of the responses, each hold is given back.
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// payload builds a body that ends with the first n bytes of l.
func (f *frames) payload(l mem.Lease, n int) *mem.Payload {
	var b mem.Writer
	b.Init(f.Allocator, 4096)
	if n > 100 {
		_, _ = b.WriteString("built elsewhere: ")
	}
	b.Append(l, 0, n)
	p := new(mem.Payload)
	p.Fill(&b)
	return p
}

// A kept answer is sent to many without a copy, and given back once for each, whether
// it was sent, was too long, was not wanted, or lost its client.
func TestAppendLease(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		const size = 60_000
		f := newFrames(t, size)
		s := start(t, driver, routes(map[string]HandlerFunc{
			"whole": func(w *ResponseWriter, r *Request) { _ = w.Append(f.kept.Clone(), 0, size) },
			"part": func(w *ResponseWriter, r *Request) {
				_, _ = w.WriteString("<")
				_ = w.Append(f.kept.Clone(), 10, 20)
				_, _ = w.WriteString(">")
			},
			"chunks": func(w *ResponseWriter, r *Request) {
				for i := range 3 {
					_ = w.Append(f.kept.Clone(), i*1000, 1000)
					_ = w.Flush()
				}
			},
			"long": func(w *ResponseWriter, r *Request) {
				w.SetContentLength(5)
				if err := w.Append(f.kept.Clone(), 0, 6); err != ErrContentLength {
					t.Errorf("beyond the declared length: %v", err)
				}
				_, _ = w.WriteString("short")
			},
			"reset": func(w *ResponseWriter, r *Request) {
				_ = w.Append(f.kept.Clone(), 0, size)
				Error(w, "no", 500)
			},
			"panic": func(w *ResponseWriter, r *Request) {
				_ = w.Append(f.kept.Clone(), 0, size)
				panic("after a lease was handed over")
			},
			"segments": func(w *ResponseWriter, r *Request) {
				var b mem.Writer
				b.Init(f.Allocator, 4096)
				_, _ = b.WriteString("built elsewhere: ")
				b.Append(f.kept.Clone(), 0, 9000)
				if err := w.AppendSegments(b.Segments()); err != nil || b.Len() != 0 {
					t.Errorf("%v, %d bytes are left", err, b.Len())
				}
			},
			"payload": func(w *ResponseWriter, r *Request) {
				body := f.payload(f.kept.Clone(), 9000)
				defer body.Release() // nothing is left to release
				if err := w.AppendPayload(body); err != nil {
					t.Error(err)
				}
				if err := w.AppendPayload(body); err != mem.ErrSpent {
					t.Errorf("a second hand-over: %v", err)
				}
			},
			"payload too long": func(w *ResponseWriter, r *Request) {
				w.SetContentLength(5)
				body := f.payload(f.kept.Clone(), 6)
				if err := w.AppendPayload(body); err != ErrContentLength || !body.Spent() {
					t.Errorf("%v, spent %v", err, body.Spent())
				}
				_, _ = w.WriteString("short")
			},
		}))
		for _, b := range []string{"/", "/b/"} { // on the loop, and on a worker
			p := s.dial()
			for _, c := range []struct {
				method, path string
				status       int
				body         string
			}{
				{"GET", "whole", 200, answerText[:size]},
				{"HEAD", "whole", 200, ""},
				{"GET", "part", 200, "<" + answerText[10:30] + ">"},
				{"GET", "chunks", 200, answerText[:3000]},
				{"GET", "long", 200, "short"},
				{"GET", "reset", 500, "no\n"},
				{"GET", "payload", 200, "built elsewhere: " + answerText[:9000]},
				{"HEAD", "payload", 200, ""},
				{"GET", "payload%20too%20long", 200, "short"},
				{"GET", "segments", 200, "built elsewhere: " + answerText[:9000]},
			} {
				p.send(strings.Replace(get(b+c.path), "GET", c.method, 1))
				p.expect(c.method, c.status, c.body, c.path)
			}
			p.send(get(b + "panic"))
			p.expect("GET", 500, "500 internal server error\n", "the handler panicked")
			_ = p.Close()
			for range 20 { // who does not wait for the answer
				p := s.dial()
				p.send(get(b+"whole") + get(b+"chunks"))
				_ = p.Close()
			}
		}
	})
}
