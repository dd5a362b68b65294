package tidy

import (
	"reflect"
	"testing"
)

func TestParseCommand(t *testing.T) {
	for _, test := range []struct {
		line string
		env  map[string]string
		args []string
	}{
		{"", nil, nil},
		{"# a comment", nil, nil},
		{"go test ./... # all", nil, []string{"go", "test", "./..."}},
		{"A=1 B='x y' go test -run '^$' ./a#b", map[string]string{"A": "1", "B": "x y"}, []string{"go", "test", "-run", "^$", "./a#b"}},
		{`grep "" C=3 &`, nil, []string{"grep", "", "C=3"}},
		{"a b | c d", nil, []string{"a", "b"}},
	} {
		if test.env == nil {
			test.env = map[string]string{}
		}
		got := ParseCommand(test.line)
		if want := (Command{test.env, test.args}); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", test.line, got, want)
		}
	}
}
