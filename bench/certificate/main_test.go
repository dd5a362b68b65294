//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-rate", "0"}, {"-rate", "NaN"}, {"-duration", "0s"}, {"-warmup", "-1s"}, {"-conns", "0"},
		{"-nonsense"}, {"stray"}} {
		if _, err := parseFlags(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
		if got := run(context.Background(), args, io.Discard, io.Discard); got != statusUsage {
			t.Errorf("%q: status %d, want %d", args, got, statusUsage)
		}
	}
	if got := run(context.Background(), []string{"-peers", "nobody"}, io.Discard, io.Discard); got != statusUsage {
		t.Errorf("unknown peer: status %d", got)
	}
	o, err := parseFlags([]string{"-short", "-duration", "9m"}, io.Discard)
	if err != nil || o.duration != 3*time.Second || o.warmup != time.Second || o.rate != 10_000 {
		t.Errorf("short: %+v, %v", o, err)
	}
}

// certified runs a planted server and returns the status, the report and the result.
func certified(t *testing.T, c contestant) (int, string, result) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs servers for several seconds")
	}
	o := &options{duration: time.Second, warmup: 400 * time.Millisecond, settle: 200 * time.Millisecond, patience: patience,
		rate: 1000, conns: 8, out: t.TempDir()}
	var stdout, stderr bytes.Buffer
	status := certifyAll(context.Background(), o, []contestant{c}, &stdout, &stderr)
	raw, err := os.ReadFile(filepath.Join(o.out, "certificate.json"))
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var rec record
	if err := json.Unmarshal(raw, &rec); err != nil || len(rec.Results) != 1 {
		t.Fatalf("certificate.json: %v, %+v", err, rec)
	}
	if !strings.Contains(stderr.String(), "[1/1] "+c.name) {
		t.Errorf("progress:\n%s", stderr.String())
	}
	return status, stdout.String(), rec.Results[0]
}

func TestSoundServerHolds(t *testing.T) {
	status, report, r := certified(t, planted("none"))
	if status == statusBroken { // inconclusive is a machine that is too slow for 1000 requests/s
		t.Errorf("status %d:\n%s", status, report)
	}
	if f := r.Figures; f.Requests < 100 || f.P50 <= 0 || f.Max < f.P999 || f.RSS < 1<<20 || f.Seconds < 1 || f.Cost.Samples == 0 {
		t.Errorf("implausible: %+v", f)
	}
}

func TestPlantedAllocation(t *testing.T) {
	status, report, r := certified(t, planted("allocate"))
	if status != statusBroken || r.Figures.Allocs < 0.99 || r.Figures.Allocs > 1.2 {
		t.Errorf("status %d, %.3f allocations per request, want the planted one", status, r.Figures.Allocs)
	}
	for _, want := range []string{"allocate FAILS", "allocations per request: 1.", "## Who allocated", ".plantedAllocate: ", "planted_test.go:"} {
		if !strings.Contains(report, want) {
			t.Errorf("no %q in\n%s", want, report)
		}
	}
	if r.Culprits == nil || len(r.Culprits.Sites) == 0 || !strings.HasSuffix(r.Culprits.Sites[0].Func, ".plantedAllocate") {
		t.Errorf("the culprit is not the first: %+v", r.Culprits)
	}
}

func TestPlantedRetention(t *testing.T) {
	status, report, r := certified(t, planted("retain"))
	if status != statusBroken || r.Figures.LiveGrowth < 50e3 || r.Figures.Allocs > 0.05 {
		t.Errorf("status %d: %+v", status, r.Figures)
	}
	if !strings.Contains(report, "growth of the live heap: ") {
		t.Errorf("report:\n%s", report)
	}
	if r.Culprits == nil || len(r.Culprits.Sites) == 0 || !strings.HasSuffix(r.Culprits.Sites[0].Func, ".plantedRetain") || r.Culprits.Sites[0].Retained < 32<<10 {
		t.Errorf("the culprit is not the first: %+v", r.Culprits)
	}
}

func TestPlantedLie(t *testing.T) {
	status, report, r := certified(t, planted("lie"))
	if status != statusBroken || r.Figures.Errors == 0 || !strings.Contains(report, "the first error: response ") {
		t.Errorf("status %d, %d errors\n%s", status, r.Figures.Errors, report)
	}
}

func TestPlantedDeath(t *testing.T) {
	status, report, r := certified(t, planted("die"))
	if status != statusBroken || !strings.Contains(r.Failure, "exit status 7") && !strings.Contains(r.Failure, "refused") {
		t.Errorf("status %d, failure %q\n%s", status, r.Failure, report)
	}
}

// A pace that nobody can hold is the machine's fault, not the server's.
func TestImpossiblePaceIsInconclusive(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a server for several seconds")
	}
	o := &options{duration: time.Second, warmup: 200 * time.Millisecond, settle: 100 * time.Millisecond, patience: patience, rate: 1e6, conns: 2, out: t.TempDir()}
	var stdout, stderr bytes.Buffer
	if got := certifyAll(context.Background(), o, []contestant{planted("none")}, &stdout, &stderr); got != statusInconclusive {
		t.Errorf("status %d, want %d\n%s%s", got, statusInconclusive, stdout.String(), stderr.String())
	}
}

func TestShortLowersThePace(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a server for several seconds")
	}
	o := &options{duration: time.Second, warmup: 500 * time.Millisecond, settle: 100 * time.Millisecond, patience: patience, rate: 1e6, conns: 8,
		short: true, out: t.TempDir()}
	var stdout, stderr bytes.Buffer
	if got := certifyAll(context.Background(), o, []contestant{planted("none")}, &stdout, &stderr); got == statusBroken || got == statusUsage {
		t.Errorf("status %d\n%s%s", got, stdout.String(), stderr.String())
	}
	if !strings.Contains(stderr.String(), "cannot be held, going on with") {
		t.Errorf("progress:\n%s", stderr.String())
	}
}

func TestAServerThatCannotBeJudgedIsNotCertified(t *testing.T) {
	m := &measurer{opts: &options{conns: 1, rate: 1}, bin: t.TempDir(), progress: io.Discard}
	if r := m.certify(context.Background(), &contestants[1]); r.Verdict.Outcome != broken || r.Failure == "" {
		t.Errorf("a program that is not there: %+v", r)
	}
	if r := m.certify(context.Background(), &contestants[2]); r.Verdict.Outcome != unjudged || r.Failure == "" {
		t.Errorf("a peer that is not there: %+v", r)
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	o := &options{patience: patience, duration: time.Hour, warmup: time.Hour, rate: 100, conns: 2, out: t.TempDir()}
	start := time.Now()
	var stderr bytes.Buffer
	if got := certifyAll(ctx, o, []contestant{planted("none")}, io.Discard, &stderr); got == statusHolds || time.Since(start) > 30*time.Second {
		t.Errorf("status %d after %v\n%s", got, time.Since(start), stderr.String())
	}
}
