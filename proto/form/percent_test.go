package form

import (
	"net/url"
	"testing"
)

func TestValidEscapes(t *testing.T) {
	for text, want := range map[string]bool{
		"/": true, "/%41": true, "/%fF": true, "/%": false, "/%4": false, "/%4g": false, "/%%41": false, "/a%41%4": false,
	} {
		if got := ValidEscapes([]byte(text)); got != want {
			t.Errorf("ValidEscapes(%q) = %v (RFC 3986 §2.1)", text, got)
		}
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "%41": "A", "%4": "%4", "%": "%", "%4g%41": "%4gA", "%%41": "%A", "a+b": "a+b", "%2541": "%41", "%00%fF": "\x00\xff",
	} {
		if got := AppendUnescaped([]byte("."), []byte(text)); string(got) != "."+want {
			t.Errorf("AppendUnescaped(%q) = %q, want %q", text, got, want)
		}
		p := []byte(text)
		if got := AppendUnescaped(p[:0], p); string(got) != want {
			t.Errorf("AppendUnescaped in place of %q = %q, want %q", text, got, want)
		}
	}
}

// net/url undoes well-formed escapes likewise, and refuses exactly what ValidEscapes does.
func FuzzUnescape(f *testing.F) {
	for _, text := range []string{"", "/a%20b", "%zz", "a+b", "%C3%A4%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := url.PathUnescape(text)
		if valid := ValidEscapes([]byte(text)); valid != (err == nil) {
			t.Fatalf("ValidEscapes(%q) = %v, net/url says %v", text, valid, err)
		}
		if got := AppendUnescaped(nil, []byte(text)); err == nil && string(got) != want {
			t.Errorf("%q became %q, net/url makes %q", text, got, want)
		}
		if got := AppendUnescaped(nil, []byte(text)); !IsEscaped([]byte(text)) && string(got) != text {
			t.Errorf("IsEscaped(%q) is false, but it became %q", text, got)
		}
	})
}
