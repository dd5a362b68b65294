//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/audit"
)

func sampleRecord() *record {
	bad := good()
	bad.Allocs, bad.GCs = 1.5, 3
	slow := good()
	slow.Rate = 5000
	peer := good()
	peer.Allocs = 17
	return &record{Rate: 10_000, Duration: "1m0s", Conns: 48, Absent: []string{"someone: not here"}, Results: []result{
		{Name: "ringwire", Judged: true, Figures: bad, Verdict: judge(&bad), Culprits: &culprits{Seconds: 3, Requests: 30_000,
			Sites: []audit.Site{{Func: "main.leak", Objects: 45_000}}}},
		{Name: "ringwire-netpoll", Judged: true, Figures: slow, Verdict: judge(&slow)},
		{Name: "third", Judged: true, Figures: good(), Verdict: verdict{Outcome: holding}},
		{Name: "nethttp", Figures: peer, Verdict: verdict{Outcome: unjudged}},
		{Name: "fasthttp", Verdict: verdict{Outcome: unjudged}, Failure: "it ended | at once\nwith more"},
	}}
}

func TestMarkdown(t *testing.T) {
	md := sampleRecord().markdown()
	for _, want := range []string{
		"| ringwire | FAILS | 1.5000 |", "| nethttp | – | 17.0000 |", "| fasthttp | – | not measured: it ended \\| at once |",
		"**ringwire FAILS.**\n  - allocations per request: 1.5000", "**ringwire-netpoll: inconclusive.**", "**third holds every bar**",
		"## Who allocated in ringwire\n", "main.leak: 45 000 objects", "- absent: someone", "nothing was subtracted",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("no %q in\n%s", want, md)
		}
	}
	if strings.Contains(md, "nethttp holds") || strings.Contains(md, "short run") {
		t.Errorf("peers are judged, or the run is called short:\n%s", md)
	}
	cells := 0
	for line := range strings.Lines(md) {
		if strings.HasPrefix(line, "|") {
			if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); cells != 0 && n != cells {
				t.Errorf("%d cells, want %d: %s", n, cells, line)
			} else {
				cells = n
			}
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out")
	var out bytes.Buffer
	if err := sampleRecord().write(dir, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	md, err := os.ReadFile(filepath.Join(dir, "certificate.md"))
	if err != nil || string(md) != out.String() {
		t.Errorf("certificate.md differs from what was printed: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "certificate.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rec record
	if err := json.Unmarshal(raw, &rec); err != nil || len(rec.Results) != 5 || rec.Results[0].Figures.Allocs != 1.5 {
		t.Errorf("certificate.json: %v, %+v", err, rec)
	}
}

func TestProgressLine(t *testing.T) {
	rec := sampleRecord()
	if got := progressLine(&rec.Results[0]); !strings.Contains(got, "1.5000 allocations/request") || !strings.HasSuffix(got, "FAILS") {
		t.Errorf("got %q", got)
	}
	if got := progressLine(&rec.Results[4]); !strings.Contains(got, "not measured") {
		t.Errorf("got %q", got)
	}
}
