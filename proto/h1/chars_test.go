package h1

import (
	"strings"
	"testing"
)

func TestScanValueMatchesTheTable(t *testing.T) {
	for n := range 40 {
		for at := range n {
			for _, c := range []byte{0, '\t', '\n', '\r', 0x1f, ' ', '~', 0x7f, 0x80, 0xff} {
				b := []byte(strings.Repeat("\xff\x80\t ", 10)[:n])
				b[at] = c
				want := 0
				for want < n && chars[b[want]]&charValue != 0 {
					want++
				}
				if got := scanValue(b, 0); got != want {
					t.Fatalf("%q: %d, want %d", b, got, want)
				}
			}
		}
	}
}

func TestControlsFindsTheLowest(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			b := []byte("\x80\xff\xfe !~\x80\xa0")
			b[at] = byte(c)
			want := 8
			if c < ' ' || c == 0x7f {
				want = at
			}
			if got := scanValue(b, 0); c != '\t' && got != want {
				t.Fatalf("%q: %d, want %d", b, got, want)
			}
		}
	}
}

func TestEqualFold(t *testing.T) {
	for _, c := range []struct {
		b, s string
		want bool
	}{
		{"", "", true}, {"Host", "host", true}, {"hOST", "host", true}, {"hosts", "host", false}, {"hos", "host", false},
		{"\x48ost", "host", true}, {"h\x0fst", "host", false}, {"content\x0dlength", "content-length", false},
		{"@", "`", false}, {"[", "{", false}, {"\u212aeep", "keep", false}, {"100-Continue", "100-continue", true},
	} {
		if got := equalFold([]byte(c.b), c.s); got != c.want {
			t.Errorf("%q, %q: %v", c.b, c.s, got)
		}
		if got := len(c.b) == len(c.s) && sameName([]byte(c.b), strings.ToUpper(c.s)); got != c.want && !strings.ContainsAny(c.s, "`{") {
			t.Errorf("sameName %q, %q: %v", c.b, c.s, got)
		}
	}
}

func TestNextElement(t *testing.T) {
	for in, want := range map[string]string{
		"": "[]", "a": "[a]", "a,b": "[a][b]", " a ,\tb\t": "[a][b]", ",": "[][]", "a,,b,": "[a][][b][]", "  ": "[]",
	} {
		got, list := "", []byte(in)
		for more := true; more; {
			var e []byte
			e, list, more = nextElement(list)
			got += "[" + string(e) + "]"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestUnhex(t *testing.T) {
	for i, c := range []byte("0123456789abcdef") {
		if unhex(c) != int64(i) || unhex([]byte(strings.ToUpper(string(c)))[0]) != int64(i) {
			t.Errorf("%c: %d", c, unhex(c))
		}
	}
}
