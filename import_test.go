package ringwire

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ringwire/ringwire"

// layers says for each package tree of the module which others it may import: only what is below it. A
// package that is not listed may not be imported by one that is.
var layers = []struct {
	tree string
	may  []string
}{
	{"mem", nil},
	{"proto/form", []string{"mem"}},
	{"proto/h1", []string{"mem"}},
	{"proto/h2", []string{"mem"}},
	{"proto/multipart", []string{"mem"}},
	{"proto/ws", []string{"mem"}},
	{"tls", []string{"mem"}},
	{"ring", []string{"mem"}},
	{"fallback", []string{"mem"}},
	{"conn", []string{"proto/h1", "proto/h2", "proto/ws", "tls", "mem"}},
	{"conn/conntest", []string{"conn", "mem"}},
	{"internal", nil}, // helpers of tests
	{".", []string{"conn", "proto/form", "proto/h1", "proto/h2", "proto/multipart", "proto/ws", "tls", "mem", "ring", "fallback"}},
	{"examples", []string{"."}},
}

// external are the modules that each tree may use beside the standard library.
var external = map[string][]string{
	"ring": {"golang.org/x/sys"}, "conn": {"golang.org/x/sys"}, "mem": {"golang.org/x/sys"}, "fallback": {"golang.org/x/sys"},
	"internal": {"golang.org/x/sys"},
}

// Imports point down only. Tests may look further: they start whole servers.
func TestImportsPointDown(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipDir(name)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := path.Dir(filepath.ToSlash(name))
		for _, imp := range file.Imports {
			to, _ := strconv.Unquote(imp.Path.Value)
			if !mayImport(from, to) {
				t.Errorf("%s imports %s", name, to)
			}
			checked++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 100 {
		t.Errorf("only %d imports were seen: the tree was not walked", checked)
	}
}

// skipDir leaves out what is no part of the module: other modules and what is hidden.
func skipDir(name string) error {
	if name == "." {
		return nil
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	if base := filepath.Base(name); base == "testdata" || strings.HasPrefix(base, ".") {
		return filepath.SkipDir
	}
	return nil
}

// layerOf returns the longest tree that dir lies in.
func layerOf(dir string) (tree string, may []string) {
	for _, l := range layers {
		if within := dir == l.tree || strings.HasPrefix(dir, l.tree+"/"); within && len(l.tree) > len(tree) {
			tree, may = l.tree, l.may
		}
	}
	return tree, may
}

func mayImport(from, to string) bool {
	tree, may := layerOf(from)
	ours := to == module || strings.HasPrefix(to, module+"/")
	if !ours {
		first, _, _ := strings.Cut(to, "/")
		if !strings.Contains(first, ".") {
			return true // the standard library
		}
		for _, ext := range external[tree] {
			if to == ext || strings.HasPrefix(to, ext+"/") {
				return true
			}
		}
		return false
	}
	target := strings.TrimPrefix(strings.TrimPrefix(to, module), "/")
	if target == "" {
		target = "."
	}
	toTree, _ := layerOf(target)
	return toTree == tree || slices.Contains(may, toTree)
}

// The rule itself is tested, for a rule that never says no is worse than none.
func TestMayImport(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		want     bool
	}{
		{"ring", module + "/mem", true},
		{"ring", module + "/conn", false},
		{"fallback", module + "/conn", false},
		{"fallback", module + "/ring", false},
		{"conn", module + "/ring", false},
		{"conn", module + "/fallback", false},
		{"conn", module + "/proto/h1", true},
		{"conn", module, false},
		{"mem", module + "/conn", false},
		{"mem", module + "/internal/leak", false},
		{"proto/h1", module + "/proto/h2", false},
		{"proto/h1", module + "/conn", false},
		{"proto/h1", module + "/mem", true},
		{".", module + "/ring", true},
		{".", module + "/conn/conntest", false}, // only tests have a use for it
		{"fallback", module + "/internal/leak", false},
		{"examples/hello", module, true},
		{"examples/hello", module + "/ring", false},
		{"conn/conntest/sim", module + "/conn", true},
		{"conn/conntest", module + "/ring", false},
		{"mem", "fmt", true},
		{"mem", "golang.org/x/net/http2", false},
		{"ring", "golang.org/x/sys/unix", true},
		{"proto/h1", "golang.org/x/sys/unix", false},
	} {
		if got := mayImport(tc.from, tc.to); got != tc.want {
			t.Errorf("mayImport(%s, %s) = %v", tc.from, tc.to, got)
		}
	}
}
