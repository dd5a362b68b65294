package guest

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const session = `=== RUN   TestGood
    good_test.go:1: a detail of the good one
--- PASS: TestGood (0.00s)
=== RUN   TestBad
=== RUN   TestBad/sub
    bad_test.go:7: got 1, want 2
--- FAIL: TestBad (0.01s)
    --- FAIL: TestBad/sub (0.01s)
=== RUN   TestAway
    away_test.go:3: no such thing here
--- SKIP: TestAway (0.00s)
FAIL
@ringwire {"Fact":{"Name":"a","Value":"b"}}
leak: 3 goroutines`

// However the output is cut, each verdict is counted, and only what failed is kept.
func TestTally(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(session), "bytes": iotest.OneByteReader(strings.NewReader(session)),
	} {
		var tally Tally
		if _, err := io.CopyBuffer(struct{ io.Writer }{&tally}, struct{ io.Reader }{r}, make([]byte, 512)); err != nil {
			t.Fatal(err)
		}
		out := tally.Output()
		if tally.Passed != 1 || tally.Failed != 2 || tally.Skipped != 1 {
			t.Errorf("%s: counted %d, %d, %d, want 1 passed, 2 failed, 1 skipped", name, tally.Passed, tally.Failed, tally.Skipped)
		}
		if len(tally.Events) != 1 || tally.Events[0].Fact == nil || *tally.Events[0].Fact != (Fact{"a", "b"}) {
			t.Errorf("%s: the events are %+v, want the fact", name, tally.Events)
		}
		for _, want := range []string{"got 1, want 2", "--- FAIL: TestBad (", "--- FAIL: TestBad/sub", "leak: 3 goroutines"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in %q", name, want, out)
			}
		}
		for _, not := range []string{"good", "no such thing", "=== RUN", "@ringwire"} {
			if strings.Contains(out, not) {
				t.Errorf("%s: %q is in %q", name, not, out)
			}
		}
	}
}

// A program that talks for ever is bounded, and its end is what is kept.
func TestTallyBounded(t *testing.T) {
	var tally Tally
	for i := range 10 * keepLines {
		fmt.Fprintf(&tally, "line %d\n", i)
	}
	lines := strings.Split(tally.Output(), "\n")
	if last := fmt.Sprintf("line %d", 10*keepLines-1); len(lines) != keepLines || lines[len(lines)-1] != last {
		t.Errorf("kept %d lines, the last one %q, want %d and %q", len(lines), lines[len(lines)-1], keepLines, last)
	}
}
