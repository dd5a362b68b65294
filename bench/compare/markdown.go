//go:build linux

package main

import (
	"fmt"
	"strings"

	"github.com/ringwire/ringwire/bench/internal/figure"
)

// markdown is the whole report as text.
func (rep *report) markdown() string {
	var b strings.Builder
	b.WriteString("# ringwire and its peers, side by side\n\n")
	rep.writeMeta(&b)
	for i := range rep.panels {
		rep.panels[i].write(&b)
	}
	if !rep.meta.Short { // nothing can be held against figures that mean nothing
		rep.writeBars(&b)
	}
	return b.String()
}

func (rep *report) writeMeta(b *strings.Builder) {
	m := &rep.meta
	if m.Short {
		b.WriteString("**A short run, made to see that everything works: the figures mean nothing.**\n\n")
	}
	fmt.Fprintf(b, "- %s, ringwire %s, Linux %s, %s, %d processors, load %s\n", m.Time.Format("2006-01-02 15:04 UTC"), m.Commit, m.Kernel, m.CPU, m.Cores, m.Load)
	fmt.Fprintf(b, "- %s, %s\n", m.Go, m.Wrk)
	fmt.Fprintf(b, "- peers: %s; with head and idle timeouts: %v\n", strings.Join(m.Peers, ", "), m.Timeouts)
	fmt.Fprintf(b, "- medians of %d interleaved rounds of %s; ÷ is the median of the rounds' own ratios to %s\n", m.Rounds, m.Duration, subject)
	if m.Interrupted != "" {
		fmt.Fprintf(b, "- **%s**: the last profile has fewer rounds\n", m.Interrupted)
	}
	for _, a := range m.Absent {
		fmt.Fprintf(b, "- absent: %s\n", a)
	}
}

func (pan *panel) write(b *strings.Builder) {
	p := pan.profile
	fmt.Fprintf(b, "\n## %s: %s\n\n%s.\n\n", p.name, p.title, p.detail)
	columns := pan.columns()
	head, rule := "| server |", "|---|"
	for _, c := range columns {
		head += " " + c.title + " |"
		rule += "--:|"
	}
	fmt.Fprintf(b, "%s\n%s\n", head, rule)
	for i := range pan.rows {
		r := &pan.rows[i]
		if len(r.samples) == 0 {
			fmt.Fprintf(b, "| %s | failed |%s\n", r.name, strings.Repeat(" |", len(columns)-1))
			continue
		}
		fmt.Fprintf(b, "| %s |", r.name)
		for _, c := range columns {
			fmt.Fprintf(b, " %s |", c.text(r))
		}
		b.WriteString("\n")
	}
	pan.writeNotes(b)
}

// writeNotes says what the figures do not: what failed, and who is missing.
func (pan *panel) writeNotes(b *strings.Builder) {
	note := func(format string, args ...any) { fmt.Fprintf(b, "\n- "+format+"\n", args...) }
	for i := range pan.rows {
		r := &pan.rows[i]
		for _, s := range r.failed {
			note("%s failed in round %d: %s", r.name, s.Round+1, oneLine(s.Failure))
		}
		for _, s := range r.samples {
			if s.Errors > 0 {
				note("%s had errors in round %d: %s", r.name, s.Round+1, oneLine(s.Problem))
			}
		}
	}
	var reasons []string
	out := map[string][]string{} // by reason
	for _, c := range contestants {
		if why := pan.profile.excludes(&c); why != "" && !c.plain {
			if out[why] == nil {
				reasons = append(reasons, why)
			}
			out[why] = append(out[why], c.name)
		}
	}
	for _, why := range reasons {
		note("left out: %s (%s)", strings.Join(out[why], ", "), why)
	}
}

// A column of a profile's table.
type column struct {
	title   string
	text    func(r *row) string
	charted bool // stands in the chart, too
}

func (pan *panel) columns() []column {
	ratio := column{"÷ " + subject, func(r *row) string { return ratioText(r.ratio) }, true}
	errs := func(r *row) string { return fmt.Sprint(r.mid.Errors) }
	idleRSS := column{"RSS at rest", func(r *row) string { return bytesText(float64(r.mid.IdleRSS)) }, pan.profile.isIdle()}
	peakRSS := column{"peak RSS", func(r *row) string { return bytesText(float64(r.mid.PeakRSS)) }, true}
	if pan.profile.isIdle() {
		return []column{
			{"RSS per connection", func(r *row) string { return bytesText(r.mid.ConnRSS) }, false}, ratio,
			{"lowest to highest", func(r *row) string { return bytesText(r.low) + " – " + bytesText(r.high) }, false},
			{"PSS per connection", func(r *row) string { return bytesText(r.mid.ConnPSS) }, false},
			idleRSS, peakRSS,
			{"connections", func(r *row) string { return figure.Thousands(r.mid.Requests) }, false}, {"lost", errs, true},
		}
	}
	feed := pan.profile.isFeed()
	list := []column{
		{"CPU per " + pan.profile.unit, func(r *row) string { return micros(r.mid.CPU) }, false}, ratio,
		{"user", func(r *row) string { return micros(r.mid.User) }, true},
		{"system", func(r *row) string { return micros(r.mid.CPU - r.mid.User) }, true},
		{"lowest to highest", func(r *row) string { return fmt.Sprintf("%.2f – %.2f", r.low, r.high) }, false},
		{pan.profile.rate(), func(r *row) string { return figure.Thousands(r.mid.Rate) }, true},
		{"p50", func(r *row) string { return figure.Latency(r.mid.P50) }, !feed},
		{"p99", func(r *row) string { return figure.Latency(r.mid.P99) }, true},
		{"p99.9", func(r *row) string { return figure.Latency(r.mid.P999) }, !feed},
		peakRSS, idleRSS,
		{"cores", func(r *row) string { return fmt.Sprintf("%.2f", r.mid.Busy) }, false},
		{"noise", func(r *row) string { return fmt.Sprintf("%.2f", r.mid.Others+r.mid.Steal) }, false}, {"errors", errs, false},
	}
	if feed {
		list = append(list, column{"ticks/s", func(r *row) string { return fmt.Sprintf("%.1f", r.mid.Ticks) }, false},
			column{"spread p50", func(r *row) string { return figure.Latency(r.mid.Spread50) }, true},
			column{"spread p99", func(r *row) string { return figure.Latency(r.mid.Spread99) }, true})
	}
	return list
}

func (rep *report) writeBars(b *strings.Builder) {
	wrote := false
	for i := range bars {
		text, holds, known := bars[i].verdict(rep)
		if !known {
			continue
		}
		if !wrote {
			b.WriteString("\n## What ringwire promises\n\n| | profile | figure | measured | promised |\n|---|---|---|--:|--:|\n")
			wrote = true
		}
		mark := "✗"
		if holds {
			mark = "✓"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", mark, bars[i].profile, text)
	}
}

// progressLine is one measurement in one line.
func progressLine(p *profile, s *sample) string {
	head := fmt.Sprintf("%-16s round %d  %-16s", p.name, s.Round+1, s.Contestant)
	switch {
	case s.Failure != "":
		return head + " FAILED: " + s.Failure
	case p.isIdle():
		return head + fmt.Sprintf(" %8s per connection, %d lost", bytesText(s.ConnRSS), s.Errors)
	}
	line := head + fmt.Sprintf(" %9s/%s (%s user) %9s/s  p99 %s", micros(s.CPU), p.unit, micros(s.User), figure.Thousands(s.Rate), figure.Latency(s.P99))
	if s.Errors > 0 {
		line += fmt.Sprintf("  %d ERRORS", s.Errors)
	}
	if noise := s.Others + s.Steal; noise > noisy {
		line += fmt.Sprintf("  (noise: %.2f cores used by others)", noise)
	}
	return line
}

// noisy is from how much of a core in other hands a measurement is marked.
const noisy = 0.1

func micros(v float64) string {
	if v >= 100 {
		return figure.Thousands(v) + " µs"
	}
	return fmt.Sprintf("%.2f µs", v)
}

func ratioText(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f×", v)
}

func bytesText(v float64) string {
	switch {
	case v >= 10<<20:
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	case v >= 1<<20:
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	case v >= 10<<10:
		return fmt.Sprintf("%.1f KiB", v/(1<<10))
	}
	return fmt.Sprintf("%.0f B", v)
}

func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
