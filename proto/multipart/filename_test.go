package multipart

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBaseName(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt": "a.txt", "/etc/passwd": "passwd", `C:\Users\me\a b.txt`: "a b.txt", `..\..\x`: "x", "../../x": "x", `a/b\c/d`: "d",
		"C:x": "x", "c:D:x": "x", "C:": "", "1:x": "1:x", "file:stream": "file:stream", ".hidden": ".hidden", "日本": "日本",
		"": "", ".": "", "..": "", "...": "", ".. ": "", "a/": "", `a\`: "", "/": "", "a/..": "", "a\x00.png": "", "a\nb": "", "a\tb": "", "\x7f": "",
	} {
		if got := BaseName([]byte(name)); string(got) != want || (got == nil) != (want == "") {
			t.Errorf("BaseName(%q) = %q, want %q", name, got, want)
		}
	}
}

// Whatever comes out is one element below any directory.
func FuzzBaseName(f *testing.F) {
	for _, name := range []string{"a", "../x", `\\server\share`, "C:..", "a:b", ". ."} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := string(BaseName([]byte(name)))
		if got == "" {
			return
		}
		if dir := filepath.Dir(filepath.Join("/srv/up", got)); dir != "/srv/up" || !filepath.IsLocal(got) || strings.ContainsAny(got, "/\\\x00\r\n") {
			t.Errorf("%q became %q, which lies in %s", name, got, dir)
		}
		if again := BaseName([]byte(got)); string(again) != got {
			t.Errorf("%q became %q, and that %q", name, got, again)
		}
	})
}
