package h1

import (
	"bufio"
	"net/textproto"
	"strings"
	"testing"
)

func TestFieldsRefuseWhatWouldSplitAResponse(t *testing.T) {
	for _, c := range []struct {
		why, name, value string
		want             error
	}{
		{"RFC 9110 §5.5 CR LF", "A", "b\r\nSet-Cookie: c", ErrInvalidValue},
		{"RFC 9110 §5.5 CR", "A", "b\rc", ErrInvalidValue},
		{"RFC 9110 §5.5 LF", "A", "b\nc", ErrInvalidValue},
		{"RFC 9110 §5.5 LF at the end", "A", "b\n", ErrInvalidValue},
		{"RFC 9110 §5.5 NUL", "A", "\x00", ErrInvalidValue},
		{"RFC 9110 §5.5 a control behind eight bytes", "A", "12345678\x01", ErrInvalidValue},
		{"RFC 9110 §5.5 DEL", "A", "b\x7f", ErrInvalidValue},
		{"RFC 9110 §5.1 an empty name", "", "b", ErrInvalidName},
		{"RFC 9110 §5.1 a space", "A B", "b", ErrInvalidName},
		{"RFC 9110 §5.1 a colon", "A:", "b", ErrInvalidName},
		{"RFC 9110 §5.1 CR LF in a name", "A\r\nB", "b", ErrInvalidName},
		{"RFC 9110 §5.1 beyond ASCII", "caf\u00e9", "b", ErrInvalidName},
		{"RFC 9112 §6 the engine frames", "Content-Length", "5", ErrReservedField},
		{"RFC 9112 §6 the engine frames, in any case", "transfer-ENCODING", "chunked", ErrReservedField},
		{"RFC 9110 §7.6.1 an option that means nothing here", "Connection", "close, X-Secret", ErrReservedField},
		{"RFC 9110 §7.6.1 no option", "Connection", "", ErrReservedField},
	} {
		var f Fields
		if err := f.Set("Keep", "me"); err != nil {
			t.Fatal(err)
		}
		if err := f.Add(c.name, c.value); err != c.want {
			t.Errorf("%s: Add says %v, want %v", c.why, err, c.want)
		}
		if err := f.Set(c.name, c.value); err != c.want {
			t.Errorf("%s: Set says %v, want %v", c.why, err, c.want)
		}
		if string(f.buf) != "Keep: me\r\n" || f.Len() != 1 || f.wantsClose() {
			t.Errorf("%s: something was kept: %q", c.why, f.buf)
		}
	}
}

func set(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFieldsSetAddDel(t *testing.T) {
	var f Fields
	want := func(s string) {
		t.Helper()
		if got := string(f.buf); got != s {
			t.Fatalf("got %q, want %q", got, s)
		}
		if f.Size() != len(s) {
			t.Fatalf("Size = %d of %d", f.Size(), len(s))
		}
		for i := range f.Len() {
			if n, v := f.At(i); !strings.Contains(s, string(n)+": "+string(v)+"\r\n") {
				t.Fatalf("At(%d) = %q, %q", i, n, v)
			}
		}
	}
	set(t, f.Add("A", "1"))
	set(t, f.Add("B", "2"))
	set(t, f.Add("a", "3"))
	want("A: 1\r\nB: 2\r\na: 3\r\n")
	if string(f.Get("a")) != "1" || f.Get("C") != nil {
		t.Errorf("Get gives %q, %q", f.Get("a"), f.Get("C"))
	}
	set(t, f.Set("A", "4"))
	want("B: 2\r\nA: 4\r\n")
	set(t, f.AddBytes("C", []byte("caf\xc3\xa9\t.")))
	f.Del("b")
	want("A: 4\r\nC: caf\xc3\xa9\t.\r\n")
	f.Del("none")
	set(t, f.Set("C", ""))
	want("A: 4\r\nC: \r\n")
	set(t, f.SetBytes("A", f.Get("a"))) // a view into f
	want("C: \r\nA: 4\r\n")
	f.Reset()
	want("")
	if f.Len() != 0 || f.Get("A") != nil {
		t.Error("Reset left something")
	}
}

func TestFieldsConnection(t *testing.T) {
	var f Fields
	set(t, f.Set("Connection", "keep-alive"))
	set(t, f.Set("Connection", "Upgrade"))
	if f.Len() != 0 || f.wantsClose() {
		t.Errorf("keep-alive and upgrade are the engine's to say: %q", f.buf)
	}
	set(t, f.Set("connection", "keep-alive, CLOSE"))
	if !f.wantsClose() || f.Len() != 0 {
		t.Error("close is noted, not kept")
	}
	set(t, f.Set("A", "b"))
	if !f.wantsClose() {
		t.Error("another field undid it")
	}
	f.Del("connection")
	if f.wantsClose() {
		t.Error("Del did not undo it")
	}
	set(t, f.Set("Connection", "close"))
	f.Reset()
	if f.wantsClose() {
		t.Error("Reset did not undo it")
	}
}

func TestFieldsDate(t *testing.T) {
	var f Fields
	set(t, f.Set("Date", "a"))
	set(t, f.Set("date", "b"))
	if !f.has(fieldDate) || string(f.Get("DATE")) != "b" || f.Len() != 1 {
		t.Errorf("%q", f.buf)
	}
	if err := f.Set("Date", "\n"); err == nil || !f.has(fieldDate) {
		t.Error("a refused value changed something")
	}
	f.Del("Date")
	if f.has(fieldDate) {
		t.Error("Del did not undo it")
	}
}

func TestFieldsDoNotAllocateWhenReused(t *testing.T) {
	var f Fields
	fill := func() {
		f.Reset()
		for _, name := range []string{"Content-Type", "Server", "Cache-Control"} {
			if f.Set(name, "text/plain; charset=utf-8") != nil {
				t.Fatal(name)
			}
		}
	}
	if n := testing.AllocsPerRun(100, fill); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzFields sets anything and wants net/textproto to read back exactly what was accepted.
func FuzzFields(f *testing.F) {
	f.Add("A", "b", "B", "c", byte(0))
	f.Add("A", "b\r\nC: d", "a", " c ", byte(1))
	f.Add("Connection", "close", "Date", "x", byte(2))
	f.Add("Content-Length", "5", "A\r", "", byte(3))
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string, ops byte) {
		var fs Fields
		want := textproto.MIMEHeader{}
		for i, p := range [][2]string{{n1, v1}, {n2, v2}, {n1, v2}, {n2, v1}} {
			key := textproto.CanonicalMIMEHeaderKey(p[0])
			add := ops>>i&1 == 0
			err := fs.Set(p[0], p[1])
			if add && err == nil {
				err = fs.Add(p[0], p[1])
			}
			if err != nil || key == "Connection" {
				continue
			}
			want[key] = []string{strings.Trim(p[1], " \t")}
			if add {
				want.Add(key, want.Get(key))
			}
		}
		if ops&16 != 0 {
			fs.Del(n1)
			want.Del(n1)
		}
		wire := string(fs.buf) + "\r\n"
		got, err := textproto.NewReader(bufio.NewReader(strings.NewReader(wire + "rest"))).ReadMIMEHeader()
		if err != nil {
			t.Fatalf("%q: %v", wire, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%q: read %q, want %q", wire, got, want)
		}
		for key, values := range want {
			if strings.Join(got[key], "|") != strings.Join(values, "|") {
				t.Errorf("%q: read %q, want %q", wire, got, want)
			}
		}
	})
}
