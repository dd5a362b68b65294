package guest

import (
	"bytes"
	"strings"
)

// Tally reads what a test binary says with -test.v, counts its tests and keeps what
// belongs to no test that passed: that is little, where the whole is too long for a
// serial console. It is an io.Writer. The output of a program that is no test is kept.
type Tally struct {
	Passed, Failed, Skipped int
	Events                  []Event // those among the lines

	partial []byte   // a line that has not ended
	test    []string // the output since the last line that named a test
	kept    []string
}

// keepLines bounds what is kept; the end counts most.
const keepLines = 300

// Write takes a piece of output.
func (t *Tally) Write(p []byte) (int, error) {
	t.partial = append(t.partial, p...)
	for {
		i := bytes.IndexByte(t.partial, '\n')
		if i < 0 {
			return len(p), nil
		}
		t.line(string(t.partial[:i]))
		t.partial = append(t.partial[:0], t.partial[i+1:]...)
	}
}

// verdicts are how the lines about a test's end begin, whatever the indentation.
const (
	passed  = "--- PASS: "
	failed  = "--- FAIL: "
	skipped = "--- SKIP: "
)

func (t *Tally) line(line string) {
	if e, ok := Parse(line); ok {
		t.Events = append(t.Events, e)
		return
	}
	text := strings.TrimLeft(line, " ")
	switch {
	case strings.HasPrefix(text, passed):
		t.Passed++
		t.test = t.test[:0]
	case strings.HasPrefix(text, skipped):
		t.Skipped++
		t.test = t.test[:0]
	case strings.HasPrefix(text, failed):
		t.Failed++
		t.keep(append(t.test, line)...)
		t.test = t.test[:0]
	case strings.HasPrefix(text, "=== ") || text == "PASS":
	default:
		t.test = append(t.test, line)
		if len(t.test) > keepLines {
			t.test = append(t.test[:0], t.test[len(t.test)-keepLines:]...)
		}
	}
}

func (t *Tally) keep(lines ...string) {
	t.kept = append(t.kept, lines...)
	if more := len(t.kept) - keepLines; more > 0 {
		t.kept = append(t.kept[:0], t.kept[more:]...)
	}
}

// Output is what is kept: what failed, and what was said after the last verdict.
func (t *Tally) Output() string {
	if len(t.partial) > 0 {
		t.line(string(t.partial))
		t.partial = nil
	}
	t.keep(t.test...)
	t.test = nil
	return strings.Join(t.kept, "\n")
}
