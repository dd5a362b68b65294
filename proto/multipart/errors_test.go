package multipart

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Each error has a client's status, says something fit for an answer, cites a paragraph, and is wanted by some test.
func TestErrors(t *testing.T) {
	var tests strings.Builder
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.go") {
			b, err := os.ReadFile(f.Name())
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(b)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ref, found := regexp.MustCompile(`^RFC \d{4} §\d+(\.\d+)*$`), 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		found++
		name := spec.Names[0].Name
		lit := spec.Values[0].(*ast.UnaryExpr).X.(*ast.CompositeLit)
		text := func(i int) string { return strings.Trim(lit.Elts[i].(*ast.BasicLit).Value, `"`) }
		if !strings.HasPrefix(text(0), "4") || text(1) == "" || !ref.MatchString(text(2)) {
			t.Errorf("%s: %s, %q, %q", name, text(0), text(1), text(2))
		}
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(tests.String()) {
			t.Errorf("no test expects %s", name)
		}
		return true
	})
	if found < 25 {
		t.Errorf("only %d errors were found", found)
	}
}

func TestErrorText(t *testing.T) {
	var err error = ErrNoName
	if err.Error() != "multipart: a part has no name (RFC 7578 §4.2)" {
		t.Error(err)
	}
	var e *Error
	if !errors.As(err, &e) || e.Status != 400 {
		t.Error("the peer's errors are *Error")
	}
}
