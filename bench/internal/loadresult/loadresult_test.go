package loadresult

import (
	"bytes"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	want := Result{Requests: 12, Seconds: 1.5, Bytes: 99, Errors: 1, Status: 1, FirstError: "it \"broke\"", Connections: 3, Alive: 2, P50: 10.5, P99: 20, P999: 30}
	var out bytes.Buffer
	out.WriteString("progress…\n")
	if err := want.Print(&out); err != nil {
		t.Fatal(err)
	}
	out.WriteString("bye\n")
	got, err := Parse(out.Bytes())
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestProblem(t *testing.T) {
	for want, r := range map[string]Result{
		"":         {Requests: 5},
		"2 failed": {Errors: 2},
		"1 with a bad status, 2 timed out, 3 failed; the first: x": {Errors: 6, Status: 1, Timeouts: 2, FirstError: "x"},
	} {
		if got := r.Problem(); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}

func TestParseTakesTheLast(t *testing.T) {
	got, err := Parse([]byte(Prefix + `{"requests":1}` + "\n" + Prefix + `{"requests":2}`))
	if err != nil || got.Requests != 2 {
		t.Errorf("got %+v, %v, want the second line", got, err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, in := range []string{"", "connection refused\n", Prefix + "{nonsense}\n"} {
		if _, err := Parse([]byte(in)); err == nil || !strings.Contains(err.Error(), "result") {
			t.Errorf("%q: error %v, want one that says so", in, err)
		}
	}
}
