package guest

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// What a guest writes its host reads, whatever else is on the console.
func TestEventRoundTrip(t *testing.T) {
	events := []Event{
		{Fact: &Fact{"driver", "uring"}},
		{Done: &Outcome{Job: "ring", Error: "exit status 1", Passed: 3, Failed: 1, Skipped: 2, Seconds: 1.5, Output: "--- FAIL: TestX\n\tnew \"line\"\n"}},
		{End: true},
	}
	var console bytes.Buffer
	for _, e := range events {
		console.WriteString("[    1.0] a message without an end")
		if err := e.Write(&console); err != nil {
			t.Fatal(err)
		}
	}
	var got []Event
	for line := range strings.Lines(strings.ReplaceAll(console.String(), "\n", "\r\n")) {
		if e, ok := Parse(line); ok {
			got = append(got, e)
		}
	}
	if !reflect.DeepEqual(got, events) {
		t.Errorf("got %+v, want %+v", got, events)
	}
}

func TestParseOthers(t *testing.T) {
	for _, line := range []string{"", "ok", "@ringwire", "@ringwire {", "@ringwire []", ` @ringwire {"End":true}`} {
		if e, ok := Parse(line); ok {
			t.Errorf("%q is no event, got %+v", line, e)
		}
	}
}

func TestOutcomeOK(t *testing.T) {
	for _, c := range []struct {
		o    Outcome
		want bool
	}{
		{Outcome{Passed: 1}, true},
		{Outcome{Passed: 1, Failed: 1}, false},
		{Outcome{Passed: 1, Error: "exit status 2"}, false},
		{Outcome{}, true},
	} {
		if c.o.OK() != c.want {
			t.Errorf("%+v: got %v", c.o, c.o.OK())
		}
	}
}

// Any line of a console is read without a panic, and what is read can be written again.
func FuzzParse(f *testing.F) {
	f.Add("@ringwire {\"Fact\":{\"Name\":\"a\",\"Value\":\"b\"}}\r\n")
	f.Add("@ringwire {}")
	f.Add("[ 0.1] @ringwire")
	f.Fuzz(func(t *testing.T, line string) {
		e, ok := Parse(line)
		if !ok {
			return
		}
		var b bytes.Buffer
		if err := e.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, ok := Parse(strings.TrimPrefix(b.String(), "\n"))
		if !ok || !reflect.DeepEqual(again, e) {
			t.Errorf("%q: read %+v, then %+v", line, e, again)
		}
	})
}
