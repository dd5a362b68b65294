package h1

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Each error answers with a registered status, says something fit for a response body, and cites a paragraph.
func TestErrorsAreComplete(t *testing.T) {
	ref := regexp.MustCompile(`^RFC \d{4} §\d+(\.\d+)*$`)
	for name, e := range errorVars(t) {
		if StatusText(e.Status) == "" || e.Status < 400 || !ref.MatchString(e.Ref) || scanValue(asBytes(e.Text), 0) != len(e.Text) || e.Text == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Each error is wanted by some test.
func TestErrorsAreTested(t *testing.T) {
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
	for name := range errorVars(t) {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(tests.String()) {
			t.Errorf("no test expects %s", name)
		}
	}
}

// errorVars reads the prebuilt errors from the source, so that none is forgotten.
func errorVars(t *testing.T) map[string]*Error {
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]*Error{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		lit := spec.Values[0].(*ast.UnaryExpr).X.(*ast.CompositeLit)
		text := func(i int) string { return strings.Trim(lit.Elts[i].(*ast.BasicLit).Value, `"`) }
		e := &Error{Text: text(1), Ref: text(2)}
		for _, c := range text(0) {
			e.Status = e.Status*10 + int(c-'0')
		}
		vars[spec.Names[0].Name] = e
		return true
	})
	if len(vars) < 40 {
		t.Fatalf("only %d errors were found", len(vars))
	}
	return vars
}

func TestErrorText(t *testing.T) {
	var err error = ErrNoHost
	if err.Error() != "h1: Host is missing (RFC 9112 §3.2)" {
		t.Error(err)
	}
	var e *Error
	if !errors.As(err, &e) || e.Status != 400 {
		t.Error("the peer's errors are *Error")
	}
}
