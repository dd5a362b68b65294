package multipart

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ringwire/ringwire/mem"
)

var errEOF = io.EOF

// written is what f writes with the boundary "b", joined.
func written(t testing.TB, f func(w *Writer, a *mem.Allocator)) string {
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	var out mem.Writer
	out.Init(a, 512)
	var w Writer
	if err := w.Init(&out, "b"); err != nil {
		t.Fatal(err)
	}
	f(&w, a)
	text, err := io.ReadAll(out.Segments())
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func TestWriter(t *testing.T) {
	got := written(t, func(w *Writer, a *mem.Allocator) {
		must := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}
		must(w.Field("a", "1"))
		must(w.Begin(PartHead{Name: "q\"\r\n\\", ContentType: "text/plain"}))
		_, err := w.WriteString("2")
		must(err)
		_, err = w.Write([]byte("3"))
		must(err)
		must(w.Begin(PartHead{Name: "f", FileName: `x".txt`}))
		l := a.Lease(16)
		copy(l.Bytes(), "<file>")
		must(w.Append(l, 1, 4))
		must(w.Begin(PartHead{Name: "g", File: true, ContentType: "image/png"}))
		var s mem.Segments
		s.Init(a)
		s.AppendCopy([]byte("PNG"))
		must(w.AppendSegments(&s))
		must(w.Close())
	})
	want := "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"q%22%0D%0A\\\\\"\r\nContent-Type: text/plain\r\n\r\n23\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x%22.txt\"\r\nContent-Type: application/octet-stream\r\n\r\nfile\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"g\"; filename=\"\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
	if got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if got := written(t, func(w *Writer, _ *mem.Allocator) { _ = w.Close() }); got != "--b--\r\n" {
		t.Errorf("an empty form is %q", got)
	}
}

func TestWriterRefuses(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	var out mem.Writer
	out.Init(a, 512)
	var w Writer
	for _, bad := range []string{"", "a ", "a\r\nb", `a"`, strings.Repeat("x", 71)} {
		if err := w.Init(&out, bad); err != ErrInvalidBoundary {
			t.Errorf("boundary %q: %v", bad, err)
		}
	}
	var s mem.Segments
	s.Init(a)
	s.AppendCopy([]byte("kept"))
	content := func(when string) {
		t.Helper()
		_, e1 := w.Write([]byte("x"))
		_, e2 := w.WriteString("x")
		_, e3 := w.ReadOnce(strings.NewReader("x"), 10)
		for i, err := range []error{e1, e2, e3, w.Append(a.Lease(10), 0, 10), w.AppendSegments(&s)} {
			if err != ErrNoPart {
				t.Errorf("%s: call %d: %v", when, i, err)
			}
		}
	}
	content("before Init")
	if err := w.Begin(PartHead{}); err != ErrNoPart || w.Close() != ErrNoPart {
		t.Errorf("Begin before Init: %v", err)
	}
	_ = w.Init(&out, "b")
	content("before Begin")
	for _, h := range []PartHead{{Name: "a\x00"}, {Name: "a\x7f"}, {FileName: "\x1b"}} {
		if err := w.Begin(h); err != ErrInvalidName {
			t.Errorf("%+v: %v", h, err)
		}
	}
	for _, h := range []PartHead{{ContentType: "a/b\r\nX: y"}, {FileName: "x", ContentType: "\x00"}} {
		if err := w.Begin(h); err != ErrInvalidType {
			t.Errorf("%+v: %v", h, err)
		}
	}
	if err := w.Field("a\x00", "1"); err != ErrInvalidName || out.Len() != 0 {
		t.Errorf("%v, %d bytes were written", err, out.Len())
	}
	_ = w.Close()
	content("after Close")
	if err := w.Begin(PartHead{}); err != ErrNoPart || w.Close() != ErrNoPart || s.Len() != 4 {
		t.Errorf("after Close: %v", err)
	}
	out.Release()
	s.Release()
}

// What a reader says is passed on, and what it gave is there.
func TestWriterReadOnce(t *testing.T) {
	broken := errors.New("broken")
	got := written(t, func(w *Writer, _ *mem.Allocator) {
		_ = w.Begin(PartHead{Name: "a"})
		for _, tc := range []struct {
			r    io.Reader
			n    int
			want error
		}{
			{strings.NewReader("12345"), 3, nil},
			{iotest.DataErrReader(strings.NewReader("45")), 2, io.EOF},
			{strings.NewReader(""), 0, io.EOF},
			{iotest.ErrReader(broken), 0, broken},
		} {
			if n, err := w.ReadOnce(tc.r, 3); n != tc.n || err != tc.want {
				t.Errorf("%d, %v, want %d, %v", n, err, tc.n, tc.want)
			}
		}
	})
	if !strings.HasSuffix(got, "\r\n\r\n12345") {
		t.Errorf("got %q", got)
	}
}

func TestAppendContentType(t *testing.T) {
	for boundary, want := range map[string]string{"abc": "abc", "a b": `"a b"`, "a:b": `"a:b"`} {
		got := AppendContentType(nil, boundary)
		if string(got) != "multipart/form-data; boundary="+want {
			t.Errorf("%q: %s", boundary, got)
		}
		if b, err := Boundary(got); string(b) != boundary || err != nil {
			t.Errorf("%q is read as %q, %v", boundary, b, err)
		}
	}
}
