package form

import (
	"net/url"
	"strings"
	"testing"
)

func say(s *Scanner) string {
	var b strings.Builder
	for name, value := range s.All() {
		b.WriteString("[" + string(name) + "|" + string(value) + "]")
	}
	if s.Err() != nil {
		b.WriteString("!")
	}
	return b.String()
}

func TestScanner(t *testing.T) {
	for _, tc := range []struct {
		text string
		max  int
		want string
	}{
		{"", 0, ""},
		{"&&", 0, ""},
		{"a=1&b&&=c=d&", 0, "[a|1][b|][|c=d]"},
		{"a%20+=%", 0, "[a%20+|%]"}, // as it stands
		{"a&b&c", 3, "[a|][b|][c|]"},
		{"a&b&c", 2, "[a|][b|]!"},
		{"a&b&&", 2, "[a|][b|]"}, // empty pairs are none
		{"a", -1, "[a|]"},
		{strings.Repeat("a&", 5000), -1, strings.Repeat("[a|]", 5000)},
		{strings.Repeat("a&", 1000), 0, strings.Repeat("[a|]", 1000)},
		{strings.Repeat("a&", 1001), 0, strings.Repeat("[a|]", 1000) + "!"},
	} {
		s := Scan([]byte(tc.text), tc.max)
		if got := say(&s); got != tc.want {
			t.Errorf("Scan(%.40q, %d): %.80s, want %.80s", tc.text, tc.max, got, tc.want)
		}
		if s.Next() || s.Name() != nil || s.Value() != nil {
			t.Errorf("Scan(%.40q, %d): a pair after the end", tc.text, tc.max)
		}
	}
}

func TestScannerStops(t *testing.T) {
	s := Scan([]byte("a=1&b=2"), 0)
	for range s.All() {
		break
	}
	if got := say(&s); got != "[b|2]" {
		t.Errorf("after the first pair: %s", got)
	}
}

func TestScanAllocates(t *testing.T) {
	text := []byte("a=1&b%20=+&c&name=value")
	scratch := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		s := Scan(text, 0)
		for name, value := range s.All() {
			scratch = AppendDecoded(scratch[:0], name)
			scratch = AppendDecoded(scratch[:0], value)
		}
		_, _ = Lookup(text, "b ")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The pairs are those of net/url, in number and in order for each name.
func FuzzScanner(f *testing.F) {
	for _, text := range []string{"", "a=1&b=2&a=3", "&&=&", "a=%41+", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		got := url.Values{}
		s := Scan([]byte(text), -1)
		for name, value := range s.All() {
			got.Add(string(AppendDecoded(nil, name)), string(AppendDecoded(nil, value)))
		}
		if got.Encode() != want.Encode() || s.Err() != nil {
			t.Errorf("%q: %v, net/url says %v", text, got, want)
		}
	})
}
