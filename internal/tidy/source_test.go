package tidy

import (
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

const source = `package p
import "os"
type T struct { E; A, b int }
type E struct { F string }
type I interface { M() }
func (t *T) Get() {}
func Free() {}
const C = 1
var _ = os.Args
`

// tree writes a module with a nested one and returns its root.
func tree(t *testing.T) string {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":            "module m\n",
		"a/p.go":            source,
		"a/p_test.go":       "package p\n",
		"a/testdata/no.go":  "not Go",
		".hidden/no.go":     "not Go",
		"nested/go.mod":     "module n\n",
		"nested/no.go":      "not Go",
		"a/README.md":       "not Go",
		"a/deeper/other.go": "//go:build plan9\n\npackage other\n",
	} {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFiles(t *testing.T) {
	files, err := Files(tree(t))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, f := range files {
		got[f.Path] = f.Test
	}
	want := map[string]bool{"a/p.go": false, "a/p_test.go": true, "a/deeper/other.go": false}
	for name, test := range want {
		if is, ok := got[name]; !ok || is != test {
			t.Errorf("%s: found %v, a test %v, want a test %v", name, ok, is, test)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFilesBroken(t *testing.T) {
	root := tree(t)
	if err := os.WriteFile(filepath.Join(root, "a", "bad.go"), []byte("package"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Files(root); err == nil {
		t.Error("a file that does not parse is no error")
	}
}

func TestExported(t *testing.T) {
	root := tree(t)
	f, err := readFile(token.NewFileSet(), root, filepath.Join(root, "a", "p.go"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Dir() != "a" || len(f.Imports) != 1 || f.Imports[0] != "os" {
		t.Errorf("in %q, imports %q", f.Dir(), f.Imports)
	}
	names := Exported([]*File{f})
	for _, want := range []string{"T", "T.A", "T.F", "T.Get", "E.F", "I.M", "Free", "C"} {
		if !names[want] {
			t.Errorf("%s is missing in %v", want, names)
		}
	}
	for _, not := range []string{"T.E", "F", "Get", "os"} {
		if names[not] {
			t.Errorf("%s is not declared", not)
		}
	}
}
