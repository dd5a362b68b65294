package form

import (
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// written is what f writes, joined.
func written(t testing.TB, f func(w *Writer)) string {
	a := mem.NewAllocator(mem.Config{})
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out mem.Writer
	out.Init(a, 512)
	var w Writer
	w.Init(&out)
	f(&w)
	text, err := io.ReadAll(out.Segments())
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func TestWriter(t *testing.T) {
	got := written(t, func(w *Writer) {
		w.Pair("a b", "1&2=3")
		w.PairBytes("ä", []byte{0, 0xff, '+', '~', '*', '-', '.', '_'})
		w.Pair("", "")
	})
	// The URL Standard's set, which is not RFC 3986's: "~" is encoded, "*" is not.
	if want := "a+b=1%262%3D3&%C3%A4=%00%FF%2B%7E*-._&="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := written(t, func(w *Writer) {}); got != "" {
		t.Errorf("nothing became %q", got)
	}
}

// A value of any length is encoded in pieces that fit a lease.
func TestWriterLong(t *testing.T) {
	value := strings.Repeat("a ~", 100_000)
	got := written(t, func(w *Writer) { w.Pair("v", value) })
	if want := "v=" + strings.Repeat("a+%7E", 100_000); got != want || len(got) != PairLen("v", value) {
		t.Errorf("got %d bytes, want %d; PairLen says %d", len(got), len(want), PairLen("v", value))
	}
}

func TestWriterAllocates(t *testing.T) {
	if guarded {
		t.Skip("checking builds remember stacks")
	}
	a := mem.NewAllocator(mem.Config{})
	defer a.Close()
	var out mem.Writer
	out.Init(a, 4096)
	value := []byte(strings.Repeat("value ", 500))
	if n := testing.AllocsPerRun(100, func() {
		var w Writer
		w.Init(&out)
		w.Pair("name", "value of it")
		w.PairBytes("other", value)
		out.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// net/url reads what was written, and so do we; its length was known beforehand.
func FuzzWriter(f *testing.F) {
	f.Add("a", "1", "b c", "ä&=%")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string) {
		text := written(t, func(w *Writer) {
			w.Pair(n1, v1)
			w.PairBytes(n2, []byte(v2))
		})
		if want := PairLen(n1, v1) + 1 + PairLen(n2, v2); len(text) != want {
			t.Errorf("%q is %d bytes, PairLen said %d", text, len(text), want)
		}
		want := url.Values{}
		want.Add(n1, v1)
		want.Add(n2, v2)
		if got, err := url.ParseQuery(text); err != nil || got.Encode() != want.Encode() {
			t.Errorf("net/url reads %v, %v, want %v", got, err, want)
		}
		s := Scan([]byte(text), 2)
		for _, pair := range [][2]string{{n1, v1}, {n2, v2}} {
			if !s.Next() || !Is(s.Name(), pair[0]) || !Is(s.Value(), pair[1]) {
				t.Errorf("read back %q=%q, want %q", s.Name(), s.Value(), pair)
			}
		}
	})
}
