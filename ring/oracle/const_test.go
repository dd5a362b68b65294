//go:build linux

package oracle

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// constantsOf type-checks files alone, without their imports, and returns their
// constants by lower-case name: the two packages differ in capitals only.
func constantsOf(t *testing.T, glob string) map[string]constant.Value {
	t.Helper()
	paths, _ := filepath.Glob(glob)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	conf := types.Config{Error: func(error) {}} // imports are not needed for constants
	pkg, _ := conf.Check("p", fset, files, nil)
	consts := map[string]constant.Value{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok {
			consts[strings.ToLower(name)] = constant.ToInt(c.Val())
		}
	}
	return consts
}

// sourceOf is the directory of giouring's source.
func sourceOf(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/pawelgaczynski/giouring").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Names that differ, and what giouring has that cannot be equal.
var (
	renamed = map[string]string{
		"featrcrctags": "featrsrctags", // IORING_FEAT_RSRC_TAGS
	}
	unequal = map[string]string{
		"oplast":       "one past the newest operation known, 6.1 there",
		"registerlast": "one past the newest registration known, 6.1 there",
	}
)

func TestConstants(t *testing.T) {
	ours := constantsOf(t, "../abi_*.go")
	n := 0
	for name, theirs := range constantsOf(t, filepath.Join(sourceOf(t), "include.go")) {
		if to, ok := renamed[name]; ok {
			name = to
		}
		ours, ok := ours[name]
		switch _, exempt := unequal[name]; {
		case !ok:
			t.Errorf("giouring has %s = %v, ring has not", name, theirs)
		case exempt && constant.Compare(ours, token.EQL, theirs):
			t.Errorf("%s need not be exempted", name)
		case !exempt && !constant.Compare(ours, token.EQL, theirs):
			t.Errorf("%s is %v, giouring says %v", name, ours, theirs)
		}
		n++
	}
	if n < 150 {
		t.Errorf("compared only %d constants", n)
	}
}
