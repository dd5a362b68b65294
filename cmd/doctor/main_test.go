package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/ringwire/ringwire"
)

// The test binary plays other programs: what is in roles by the name in roleEnv.
const roleEnv = "RINGWIRE_DOCTOR_ROLE"

var roles = map[string]func(){}

func TestMain(m *testing.M) {
	if play := roles[os.Getenv(roleEnv)]; play != nil {
		play()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What is printed says the same in both forms, and the status follows from it.
func TestRun(t *testing.T) {
	var text, jsonText, stderr bytes.Buffer
	if got := run([]string{"-json"}, &jsonText, &stderr); got > 1 {
		t.Errorf("ended with %d", got)
	}
	var d ringwire.Diagnosis
	if err := json.Unmarshal(jsonText.Bytes(), &d); err != nil {
		t.Fatalf("%v in %s", err, &jsonText)
	}
	if got := run(nil, &text, &stderr); got != status(&d) || stderr.Len() > 0 {
		t.Errorf("ended with %d, want %d, and said %q", got, status(&d), &stderr)
	}
	for _, want := range []string{"driver " + d.Driver.Name, d.System, d.Go} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	for _, f := range d.Findings {
		for _, want := range []string{f.Severity.String() + ": " + f.ID, f.Cause, "seen: " + f.Seen, f.Remedy} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("no %q in\n%s", want, &text)
			}
		}
	}
	if len(d.Facts) < 5 {
		t.Errorf("only %d facts", len(d.Facts))
	}
}

func TestStatus(t *testing.T) {
	for severity, want := range map[ringwire.Severity]int{
		ringwire.SeverityNote: 0, ringwire.SeverityAdvice: 0, ringwire.SeverityDriver: 1, ringwire.SeverityBroken: 2,
	} {
		d := &ringwire.Diagnosis{Findings: []ringwire.Finding{{Severity: ringwire.SeverityNote}, {Severity: severity}}}
		if got := status(d); got != want {
			t.Errorf("%v: %d, want %d", severity, got, want)
		}
	}
	if got := status(&ringwire.Diagnosis{}); got != 0 {
		t.Errorf("without findings: %d", got)
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-no-such-flag"}, {"argument"}, {"-driver", "steam"}, {"-loops", "-1"}} {
		var stdout, stderr bytes.Buffer
		if got := run(args, &stdout, &stderr); got != 2 || stdout.Len()+stderr.Len() == 0 {
			t.Errorf("%q: ended with %d and said %q, %q", args, got, &stdout, &stderr)
		}
	}
	for arg, want := range map[string]string{"-seccomp": profile, "-unit": unit} {
		var stdout, stderr bytes.Buffer
		if got := run([]string{arg}, &stdout, &stderr); got != 0 || stdout.String() != want || want == "" {
			t.Errorf("%s: ended with %d and printed %d bytes", arg, got, stdout.Len())
		}
	}
}
