//go:build linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/figure"
)

// rounds makes the samples of one contestant, a round for each cost.
func rounds(profile, name string, costs ...float64) (list []sample) {
	for i, c := range costs {
		s := sample{Profile: profile, Contestant: name, Round: i, Requests: 1000, Rate: 1e6 / max(c, 1), CPU: c, User: c / 10,
			P50: c * 10, P99: c * 20, P999: c * 30, IdleRSS: 8 << 20, PeakRSS: 16 << 20}
		if profile == "idle" {
			s.ConnRSS, s.ConnPSS = c, c-1
		}
		list = append(list, s)
	}
	return list
}

func join(lists ...[]sample) *record {
	rec := &record{Meta: meta{Commit: "abc", Rounds: 3, Duration: "4s", Peers: []string{"p v1"}, Absent: []string{"nginx: not here"}}}
	for _, l := range lists {
		rec.Samples = append(rec.Samples, l...)
	}
	return rec
}

func TestMiddle(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := middle(c.in); got != c.want {
			t.Errorf("median of %v: %v, want %v", c.in, got, c.want)
		}
	}
}

// The machine is twice as slow in the second round: pairs cancel that out, the quotient of medians would not.
func TestRatioIsOfPairs(t *testing.T) {
	rec := join(rounds("keepalive", subject, 8, 16, 8.4), rounds("keepalive", "fasthttp", 12, 24, 12.6, 99))
	pan := newReport(rec).panel("keepalive")
	if got := pan.ratio("fasthttp", subject); math.Abs(got-1.5) > 1e-9 {
		t.Errorf("ratio %v, want 1.5", got)
	}
	if got := pan.row("fasthttp"); got.ratio != pan.ratio("fasthttp", subject) || got.low != 12 || got.high != 99 {
		t.Errorf("row %+v", got)
	}
	if got := pan.ratio("hertz", subject); got != 0 {
		t.Errorf("ratio of one that did not take part: %v", got)
	}
}

func TestRatioNeedsTheSameRound(t *testing.T) {
	lost := rounds("keepalive", subject, 8)
	lost[0].Round = 5
	pan := newReport(join(lost, rounds("keepalive", "gnet", 9))).panel("keepalive")
	if got := pan.ratio("gnet", subject); got != 0 {
		t.Errorf("ratio %v across rounds", got)
	}
}

func TestIdleComparesMemory(t *testing.T) {
	pan := newReport(join(rounds("idle", subject, 500, 510, 490), rounds("idle", "gnet", 700, 720, 714))).panel("idle")
	if got := pan.ratio("gnet", subject); math.Abs(got-714.0/510) > 1.0 || got < 1.39 || got > 1.46 {
		t.Errorf("ratio %v", got)
	}
}

func TestFailuresAreShownAndReturned(t *testing.T) {
	rec := join(rounds("keepalive", subject, 8), []sample{{Profile: "keepalive", Contestant: "hertz", Failure: "ended at once | pipe\nsecond line"}})
	md := newReport(rec).markdown()
	for _, want := range []string{"| hertz | failed |", "- hertz failed in round 1: ended at once | pipe\n"} {
		if !strings.Contains(md, want) {
			t.Errorf("no %q in\n%s", want, md)
		}
	}
	if err := rec.failed(); err == nil || !strings.Contains(err.Error(), "keepalive, hertz: ended") {
		t.Errorf("got %v", err)
	}
	if err := join(rounds("keepalive", subject, 8)).failed(); err != nil {
		t.Errorf("without a failure: %v", err)
	}
}

// Errors that were few enough to keep the figures are told with them.
func TestErrorsAreShown(t *testing.T) {
	rec := join(rounds("keepalive", subject, 8, 8))
	rec.Samples[1].Errors, rec.Samples[1].Problem = 3, "3 timed out"
	if md, want := newReport(rec).markdown(), "- ringwire had errors in round 2: 3 timed out\n"; !strings.Contains(md, want) {
		t.Errorf("no %q in\n%s", want, md)
	}
}

// p99 is compared by pairs, too.
func TestLatencyIsComparedByPairs(t *testing.T) {
	rec := join(rounds("twocore", subject, 8, 16, 8), rounds("twocore", "hertz", 10, 20, 10))
	for i := range bars {
		if bars[i].what == "p99 of ringwire ÷ hertz" {
			if text, holds, known := bars[i].verdict(newReport(rec)); !known || !holds || !strings.Contains(text, "0.80×") {
				t.Errorf("%s: holds %v, known %v", text, holds, known)
			}
			return
		}
	}
	t.Error("no such bar")
}

// everything is a record with all profiles and contestants.
func everything() *record {
	var lists [][]sample
	for i := range profiles {
		for j, c := range contestants {
			if profiles[i].excludes(&c) == "" {
				base := float64(8 + 3*j)
				lists = append(lists, rounds(profiles[i].name, c.name, base, base*1.1, base*0.9))
			}
		}
	}
	return join(lists...)
}

func TestMarkdown(t *testing.T) {
	md := newReport(everything()).markdown()
	for i := range profiles {
		if !strings.Contains(md, "\n## "+profiles[i].name+": ") {
			t.Errorf("no section for %s", profiles[i].name)
		}
	}
	for _, want := range []string{
		"| ringwire | 8.00 µs | 1.00× | 0.80 µs | 7.20 µs | 7.20 – 8.80 | 125 000 | 80 µs | 160 µs | 240 µs | 16 MiB | 8.0 MiB |",
		"- left out: limit, gnet, nginx (serves a fixed response only)",
		"- left out: bare-ring, bare-send (does nothing but broadcast)",
		"- absent: nginx: not here",
		"## What ringwire promises",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("no %q in\n%s", want, md)
		}
	}
	for n, line := range strings.Split(md, "\n") { // every row of a table has its header's columns
		if strings.HasPrefix(line, "|---") {
			rows := strings.Split(md, "\n")
			for i := n + 1; strings.HasPrefix(rows[i], "|"); i++ {
				if strings.Count(rows[i], "|") != strings.Count(line, "|") {
					t.Errorf("columns of %q differ from %q", rows[i], line)
				}
			}
		}
	}
}

func TestSVG(t *testing.T) {
	svg := newReport(everything()).svg()
	dec := xml.NewDecoder(strings.NewReader(svg))
	rects := 0
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "rect" {
			rects++
			for _, a := range e.Attr {
				if a.Name.Local == "width" && strings.HasPrefix(a.Value, "-") {
					t.Errorf("a rect of width %s", a.Value)
				}
			}
		}
	}
	for _, want := range []string{"125 000", "240 µs", "16 MiB", "7.20 µs", ">p99.9<", ">requests/s<", ">MB/s<", ">lost<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in the picture", want)
		}
	}
	for _, pan := range newReport(everything()).panels { // or it runs into the heads of the columns
		if n := len([]rune(pan.chart().subtitle)); n > 82 {
			t.Errorf("%s: a subtitle of %d characters", pan.profile.name, n)
		}
	}
	if rects < 2*len(profiles)*4 {
		t.Errorf("%d rects", rects)
	}
	for _, bad := range []string{"NaN", "Inf", "%!"} {
		if strings.Contains(svg, bad) {
			t.Errorf("%s in the picture", bad)
		}
	}
	for i := range profiles {
		if !strings.Contains(svg, ">"+profiles[i].title+"<") {
			t.Errorf("no panel %q", profiles[i].title)
		}
	}
}

// The cheapest is on top; one that failed is not left out, and one with errors is marked.
func TestSVGOrder(t *testing.T) {
	rec := join(rounds("keepalive", "nethttp", 20), rounds("keepalive", subject, 8), rounds("keepalive", "fasthttp", 10),
		[]sample{{Profile: "keepalive", Contestant: "hertz", Failure: "x"}})
	rec.Samples[0].Errors = 1
	svg := newReport(rec).svg()
	last := 0
	for _, want := range []string{">ringwire<", ">fasthttp<", ">nethttp<", ">20.00 µs !<", ">hertz<", ">failed, see the table<"} {
		i := strings.LastIndex(svg, want)
		if i < last {
			t.Errorf("%s at %d, want it after %d", want, i, last)
		}
		last = i
	}
}

func TestSVGOfNothing(t *testing.T) {
	for _, rec := range []*record{join(), join(rounds("keepalive", subject, 0)), join([]sample{{Profile: "idle", Contestant: subject, Failure: "x"}})} {
		svg := newReport(rec).svg()
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || xml.Unmarshal([]byte(svg), new(struct{})) != nil {
			t.Errorf("bad picture:\n%s", svg)
		}
	}
}

func TestBars(t *testing.T) {
	rec := join(rounds("keepalive", subject, 8), rounds("keepalive", floor, 7.5), rounds("keepalive", "fasthttp", 9), rounds("keepalive", "gnet", 8))
	rep := newReport(rec)
	got := map[string]bool{}
	for i := range bars {
		if text, holds, known := bars[i].verdict(rep); known {
			what, _, _ := strings.Cut(text, " | ")
			got[what] = holds
		}
	}
	want := map[string]bool{
		"CPU of ringwire ÷ limit": true, "user CPU of ringwire": false, // 1.07 ≤ 1.10; 0.8 > 0.7
		"CPU of fasthttp ÷ ringwire": false, "CPU of gnet ÷ ringwire": true, // 1.13 < 1.2; 1.0 ≥ 1.0
	}
	for what, holds := range want {
		if h, ok := got[what]; !ok || h != holds {
			t.Errorf("%s: %v, present %v, want %v", what, h, ok, holds)
		}
	}
	if len(got) != len(want) {
		t.Errorf("verdicts %v from figures that are not there", got)
	}
}

func TestRecordSurvivesJSON(t *testing.T) {
	want := newReport(everything())
	raw, err := json.Marshal(everything())
	if err != nil {
		t.Fatal(err)
	}
	var rec record
	if err := json.Unmarshal(raw, &rec); err != nil {
		t.Fatal(err)
	}
	if got := newReport(&rec); got.markdown() != want.markdown() || got.svg() != want.svg() {
		t.Error("the report of a stored record differs")
	}
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		figure.Thousands(0): "0", figure.Thousands(999): "999", figure.Thousands(1000): "1 000", figure.Thousands(1234567.4): "1 234 567", figure.Thousands(-1000): "-1 000",
		micros(0.5): "0.50 µs", micros(10943.54): "10 944 µs", figure.Latency(12): "12 µs", figure.Latency(1500): "1.50 ms", figure.Latency(15000): "15.0 ms", figure.Latency(2.5e6): "2.50 s",
		bytesText(590): "590 B", bytesText(17000): "16.6 KiB", bytesText(5 << 20): "5.0 MiB", bytesText(96 << 20): "96 MiB",
		ratioText(0): "–", ratioText(1.234): "1.23×",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
