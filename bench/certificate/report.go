//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringwire/ringwire/bench/internal/figure"
	"github.com/ringwire/ringwire/bench/internal/host"
)

// record is what a run leaves behind.
type record struct {
	Host     host.Host `json:"host"`
	Rate     float64   `json:"rate"` // the pace asked for
	Duration string    `json:"duration"`
	Conns    int       `json:"conns"`
	Short    bool      `json:"short"`
	Absent   []string  `json:"absent,omitempty"`
	Results  []result  `json:"results"`
}

// markdown is the whole report as text.
func (rec *record) markdown() string {
	var b strings.Builder
	b.WriteString("# The zero-allocation certificate\n\n")
	h := &rec.Host
	fmt.Fprintf(&b, "- %s, ringwire %s, %s, Linux %s, %s, %d processors, load %s\n",
		h.Time.Format("2006-01-02 15:04 UTC"), h.Commit, h.Go, h.Kernel, h.CPU, h.Cores, h.Load)
	fmt.Fprintf(&b, "- %s requests/s for %s on %d connections: GET, POST, POST chunked, and these pipelined by %d, a quarter each\n",
		figure.Thousands(rec.Rate), rec.Duration, rec.Conns, batch)
	if rec.Short {
		b.WriteString("- a short run: allocations are judged, the rest is there to be looked at\n")
	}
	for _, a := range rec.Absent {
		fmt.Fprintf(&b, "- absent: %s\n", a)
	}
	rec.writeTable(&b)
	rec.writeVerdicts(&b)
	rec.writeCulprits(&b)
	return b.String()
}

type column struct {
	title string
	text  func(f *figures) string
}

var columns = []column{
	{"allocations/request", func(f *figures) string { return rational(f.Allocs) }},
	{"bytes/request", func(f *figures) string { return fmt.Sprintf("%.1f", f.Bytes) }},
	{"live heap growth", func(f *figures) string { return growthText(f.LiveGrowth) }},
	{"heap growth", func(f *figures) string { return growthText(f.HeapGrowth) }},
	{"heap slope", func(f *figures) string { return growthText(f.HeapSlope) }},
	{"GCs caused", func(f *figures) string { return fmt.Sprint(f.GCs) }},
	{"RSS growth", func(f *figures) string { return growthText(f.RSSGrowth) }},
	{"p50", func(f *figures) string { return figure.Latency(f.P50) }},
	{"p99", func(f *figures) string { return figure.Latency(f.P99) }},
	{"p99.9", func(f *figures) string { return figure.Latency(f.P999) }},
	{"max", func(f *figures) string { return figure.Latency(f.Max) }},
	{"requests/s", func(f *figures) string { return figure.Thousands(f.Rate) }},
	{"errors", func(f *figures) string { return fmt.Sprint(f.Errors) }},
}

func (rec *record) writeTable(b *strings.Builder) {
	head, rule := "\n| server | verdict |", "|---|---|"
	for _, c := range columns {
		head += " " + c.title + " |"
		rule += "--:|"
	}
	fmt.Fprintf(b, "%s\n%s\n", head, rule)
	for i := range rec.Results {
		r := &rec.Results[i]
		fmt.Fprintf(b, "| %s | %s |", r.Name, r.Verdict.Outcome)
		if r.Failure != "" {
			fmt.Fprintf(b, " not measured: %s |%s\n", oneLine(r.Failure), strings.Repeat(" |", len(columns)-1))
			continue
		}
		for _, c := range columns {
			fmt.Fprintf(b, " %s |", c.text(&r.Figures))
		}
		b.WriteString("\n")
	}
}

func (rec *record) writeVerdicts(b *strings.Builder) {
	b.WriteString("\n")
	for i := range rec.Results {
		r := &rec.Results[i]
		if !r.Judged {
			continue
		}
		switch r.Verdict.Outcome {
		case holding:
			fmt.Fprintf(b, "- **%s holds every bar**, at %s requests/s.\n", r.Name, figure.Thousands(r.Figures.Pace))
		case broken:
			fmt.Fprintf(b, "- **%s FAILS.**\n", r.Name)
		case inconclusive:
			fmt.Fprintf(b, "- **%s: inconclusive.** No bar is broken, but that proves nothing:\n", r.Name)
		}
		for _, reason := range r.Verdict.Reasons {
			fmt.Fprintf(b, "  - %s\n", strings.ReplaceAll(reason, "\n", "\n    "))
		}
		if r.Failure == "" {
			cost := r.Figures.Cost
			fmt.Fprintf(b, "  - the audit's own cost, at rest: %d objects, %d bytes for %d samples and two readings; nothing was subtracted\n",
				cost.Objects, cost.Bytes, cost.Samples)
		}
	}
}

func (rec *record) writeCulprits(b *strings.Builder) {
	for i := range rec.Results {
		r := &rec.Results[i]
		if r.Culprits == nil {
			continue
		}
		fmt.Fprintf(b, "\n## Who allocated in %s\n\nIn another %.0f s and %s requests, every allocation profiled:\n\n```\n%s```\n",
			r.Name, r.Culprits.Seconds, figure.Thousands(float64(r.Culprits.Requests)), r.Culprits.text())
	}
}

// write prints the report and writes it, with every figure, to the output directory.
func (rec *record) write(dir string, stdout, stderr io.Writer) error {
	md := rec.markdown()
	raw, err := json.MarshalIndent(rec, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, data := range map[string][]byte{"certificate.md": []byte(md), "certificate.json": raw} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(stderr, "written: %s\n", filepath.Join(dir, "certificate.{md,json}"))
	_, err = io.WriteString(stdout, md)
	return err
}

// progressLine is one result in one line.
func progressLine(r *result) string {
	if r.Failure != "" {
		return fmt.Sprintf("%-16s not measured: %s", r.Name, r.Failure)
	}
	f := &r.Figures
	return fmt.Sprintf("%-16s %s allocations/request, heap %s, live %s, %d GCs, p99 %s, %s requests/s: %s", r.Name, rational(f.Allocs),
		growthText(f.HeapGrowth), growthText(f.LiveGrowth), f.GCs, figure.Latency(f.P99), figure.Thousands(f.Rate), r.Verdict.Outcome)
}
