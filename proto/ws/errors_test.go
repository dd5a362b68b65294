package ws

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	errorVar     = regexp.MustCompile(`(?m)^\t?(?:var )?(Err\w+)\s+= (.*)$`)
	errorLiteral = regexp.MustCompile(`^&(?:Error\{\w+|HandshakeError\{(?:0|400|426)), "([^"]+)", "RFC \d{4} §\d+(?:\.\d+)*"\}$`)
)

// Each error of the peer says what a Close can carry and where that is written, and each one is wanted by some test.
func TestErrors(t *testing.T) {
	var code, tests strings.Builder
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range names {
		b, err := os.ReadFile(f.Name())
		switch {
		case f.IsDir():
		case err != nil:
			t.Fatal(err)
		case strings.HasSuffix(f.Name(), "_test.go"):
			tests.Write(b)
		case strings.HasSuffix(f.Name(), ".go"):
			code.Write(b)
		}
	}
	found := 0
	for _, m := range errorVar.FindAllStringSubmatch(code.String(), -1) {
		found++
		if strings.HasPrefix(m[2], "&") {
			if l := errorLiteral.FindStringSubmatch(m[2]); l == nil || len(l[1]) > maxControl-2 {
				t.Errorf("%s = %s: it has to say what is wrong, briefly, and where that is written", m[1], m[2])
			}
		}
		if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(tests.String()) {
			t.Errorf("no test expects %s", m[1])
		}
	}
	if found < 40 {
		t.Errorf("only %d errors were found: the check looks in the wrong place", found)
	}
}

func TestErrorText(t *testing.T) {
	if got := ErrUTF8.Error(); got != "ws: text is not UTF-8 (RFC 6455 §8.1)" {
		t.Error(got)
	}
	if got := ErrNoKey.Error(); got != "ws: Sec-WebSocket-Key is missing (RFC 6455 §4.2.1)" {
		t.Error(got)
	}
}
