//go:build linux

package main

import (
	"strings"
	"testing"
)

// good is a server that passes.
func good() figures {
	return figures{Seconds: 60, Pace: 10_000, Rate: 9999, Requests: 599_940, Allocs: 0.0001, LiveGrowth: -20, HeapGrowth: 50, OtherGCs: 1, Late: 0}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*figures)
		want   outcome
		reason string
		heap   bool
	}{
		{"good", func(*figures) {}, holding, "", false},
		{"just below", func(f *figures) { f.Allocs, f.LiveGrowth, f.HeapGrowth = 0.00999, 999, 999 }, holding, "", false},
		{"allocations", func(f *figures) { f.Allocs = 0.01 }, broken, "allocations per request: 0.0100, the bar is < 0.0100", true},
		{"live heap", func(f *figures) { f.LiveGrowth = 1000 }, broken, "growth of the live heap: 1 000 B/s, the bar is < 1 000 B/s", true},
		{"heap", func(f *figures) { f.HeapGrowth = 2e6 }, broken, "growth of the heap, garbage included: 2.00 MB/s", true},
		{"collections", func(f *figures) { f.GCs = 1 }, broken, "collections caused: 1", true},
		{"collections of others", func(f *figures) { f.OtherGCs = 5 }, holding, "", false},
		{"an error", func(f *figures) { f.Errors, f.Error = 1, "it broke" }, broken, "it broke", false},
		{"no answers", func(f *figures) { f.Requests, f.Rate = 0, 0 }, broken, "no request was answered", false},
		{"too slow", func(f *figures) { f.Rate = 9899 }, inconclusive, "9 899 requests/s at a pace of 10 000: the machine is too slow", false},
		{"catching up", func(f *figures) { f.Rate = 10_101 }, inconclusive, "", false},
		{"a backlog", func(f *figures) { f.Late = 7 }, inconclusive, "7 requests were still waiting", false},
		{"too slow, and allocates", func(f *figures) { f.Rate, f.Allocs = 100, 2 }, broken, "allocations", true},
		{"slow answers", func(f *figures) { f.P99, f.Max = 9e6, 9e6 }, holding, "", false}, // reported, not judged
		{"one object in a short window", func(f *figures) { f.Seconds, f.LiveGrowth = 3, 5000 }, holding, "", false},
		{"some objects in few requests", func(f *figures) { f.Requests, f.Allocs = 1000, 0.09 }, holding, "", false},
		{"an object per request in few", func(f *figures) { f.Requests, f.Allocs = 1000, 1 }, broken, "the bar is < 0.1000", true},
		{"growth in a short window", func(f *figures) { f.Seconds, f.LiveGrowth = 3, 7000 }, broken, "the bar is < 6 667 B/s", true},
	} {
		f := good()
		c.change(&f)
		v := judge(&f)
		if v.Outcome != c.want || v.heap != c.heap || !strings.Contains(strings.Join(v.Reasons, "\n"), c.reason) {
			t.Errorf("%s: %+v, want %s because of %q", c.name, v, c.want, c.reason)
		}
		if (v.Outcome == holding) != (len(v.Reasons) == 0) {
			t.Errorf("%s: %s with the reasons %q", c.name, v.Outcome, v.Reasons)
		}
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		outcomes []outcome
		want     int
	}{
		{nil, statusHolds},
		{[]outcome{unjudged}, statusHolds},
		{[]outcome{holding, holding, unjudged}, statusHolds},
		{[]outcome{holding, inconclusive}, statusInconclusive},
		{[]outcome{inconclusive, broken, holding}, statusBroken},
	} {
		var results []result
		for _, o := range c.outcomes {
			results = append(results, result{Verdict: verdict{Outcome: o}})
		}
		if got := status(results); got != c.want {
			t.Errorf("%v: status %d, want %d", c.outcomes, got, c.want)
		}
	}
}
