package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/internal/guest"
)

var twoJobs = []guest.Job{{Name: "probe", Program: "/bin/guest"}, {Name: "ring", Program: "/bin/ring.test"}}

// good is a kernel that did well.
func good() *result {
	return &result{
		Kernel: "6.12", Package: "6.12.118-1", Build: "b", Date: "2026-01-01", Seconds: 60,
		Facts: map[string]string{"release": "6.12.118-cloud", "driver": "uring", "reason": "good", "feature bundles": "yes",
			"feature pipe": "no", "self-test receive": "yes"},
		Outcomes: []guest.Outcome{{Job: "probe"}, {Job: "ring", Passed: 10, Skipped: 2}},
	}
}

// A guest that says nothing of a failure is not therefore good.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *result)
		wrong  string
	}{
		"good":                    {func(r *result) {}, ""},
		"a job is missing":        {func(r *result) { r.Outcomes = r.Outcomes[:1] }, "ring did not run"},
		"all tests were skipped":  {func(r *result) { r.Outcomes[1].Passed = 0 }, "ring passed no test"},
		"netpoll above the floor": {func(r *result) { r.Facts["driver"] = "netpoll"; r.Facts["reason"] = "x" }, "auto took netpoll because x"},
		"netpoll on the floor": {func(r *result) {
			r.Facts["driver"], r.Facts["release"] = "netpoll", "6.1.192-2"
		}, "auto took netpoll"},
		"netpoll on one's own": {func(r *result) { r.Facts["driver"], r.Package = "netpoll", "" }, ""},
		"below the floor": {func(r *result) {
			r.Facts["driver"], r.Facts["release"], r.Facts["reason"] = "netpoll", "5.10.262-1", "x: needs Linux 5.11, this is 5.10"
		}, ""},
		"uring below the floor": {func(r *result) { r.Facts["release"] = "5.10.262-1" }, "auto took uring"},
		"below without a reason": {func(r *result) {
			r.Facts["driver"], r.Facts["release"] = "netpoll", "5.10.262-1"
		}, "names no kernel"},
		"no release": {func(r *result) { r.Facts["release"] = "" }, "the release"},
	} {
		r := good()
		c.change(r)
		r.judge(twoJobs)
		if got := strings.Join(r.Wrong, "; "); (c.wrong == "") != (got == "") || !strings.Contains(got, c.wrong) || r.ok() != (c.wrong == "") {
			t.Errorf("%s: found %q, ok %v, want %q", name, got, r.ok(), c.wrong)
		}
	}
}

func TestResultOK(t *testing.T) {
	r := good()
	if r.Outcomes[1].Failed = 1; r.ok() {
		t.Error("a test failed and all is well")
	}
	r = good()
	if r.Error = "no end"; r.ok() || !strings.Contains(r.summary(), "FAILED") || !strings.Contains(r.summary(), "no end") {
		t.Errorf("a guest without an end: %s", r.summary())
	}
}

func TestResultKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	want := good()
	if err := want.save(file); err != nil {
		t.Fatal(err)
	}
	got, err := loadResult(file)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
