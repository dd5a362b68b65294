//go:build linux

package main

import (
	"slices"
)

// A report is a record worked out: per profile, a row for each contestant.
type report struct {
	meta   meta
	panels []panel
}

type panel struct {
	profile *profile
	rows    []row
}

// row is a contestant's medians over the rounds.
type row struct {
	name    string
	samples []sample // those without a failure, by round
	failed  []sample // the others
	mid     sample   // each field's median
	low     float64  // the smallest and the largest cost of a round
	high    float64
	ratio   float64 // median over the rounds of cost ÷ the subject's cost in the same round; 0 when there is none
}

func newReport(rec *record) *report {
	rep := &report{meta: rec.Meta}
	for i := range profiles {
		if p := newPanel(&profiles[i], rec.Samples); len(p.rows) > 0 {
			rep.panels = append(rep.panels, p)
		}
	}
	return rep
}

func newPanel(p *profile, samples []sample) panel {
	pan := panel{profile: p}
	for _, c := range contestants {
		r := row{name: c.name}
		present := false
		for _, s := range samples {
			if s.Profile != p.name || s.Contestant != c.name {
				continue
			}
			present = true
			if s.Failure != "" {
				r.failed = append(r.failed, s)
				continue
			}
			r.samples = append(r.samples, s)
		}
		if present {
			r.workOut(p)
			pan.rows = append(pan.rows, r)
		}
	}
	for i := range pan.rows {
		pan.rows[i].ratio = pan.ratio(pan.rows[i].name, subject)
	}
	return pan
}

// cost is what a profile compares: CPU time per unit, or the memory of an idle connection.
func (p *profile) cost(s *sample) float64 {
	if p.isIdle() {
		return s.ConnRSS
	}
	return s.CPU
}

func (r *row) workOut(p *profile) {
	if len(r.samples) == 0 {
		return
	}
	of := func(field func(*sample) float64) float64 { return median(r.samples, field) }
	r.mid = sample{
		Profile: p.name, Contestant: r.name,
		Requests: of(func(s *sample) float64 { return s.Requests }),
		Rate:     of(func(s *sample) float64 { return s.Rate }),
		CPU:      of(func(s *sample) float64 { return s.CPU }),
		User:     of(func(s *sample) float64 { return s.User }),
		Busy:     of(func(s *sample) float64 { return s.Busy }),
		Others:   of(func(s *sample) float64 { return s.Others }),
		Steal:    of(func(s *sample) float64 { return s.Steal }),
		P50:      of(func(s *sample) float64 { return s.P50 }),
		P99:      of(func(s *sample) float64 { return s.P99 }),
		P999:     of(func(s *sample) float64 { return s.P999 }),
		IdleRSS:  int64(of(func(s *sample) float64 { return float64(s.IdleRSS) })),
		PeakRSS:  int64(of(func(s *sample) float64 { return float64(s.PeakRSS) })),
		ConnRSS:  of(func(s *sample) float64 { return s.ConnRSS }),
		ConnPSS:  of(func(s *sample) float64 { return s.ConnPSS }),
		Ticks:    of(func(s *sample) float64 { return s.Ticks }),
		Spread50: of(func(s *sample) float64 { return s.Spread50 }),
		Spread99: of(func(s *sample) float64 { return s.Spread99 }),
	}
	r.low, r.high = p.cost(&r.samples[0]), p.cost(&r.samples[0])
	for i := range r.samples {
		r.mid.Errors += r.samples[i].Errors
		r.low = min(r.low, p.cost(&r.samples[i]))
		r.high = max(r.high, p.cost(&r.samples[i]))
	}
}

func median(samples []sample, field func(*sample) float64) float64 {
	var v []float64
	for i := range samples {
		v = append(v, field(&samples[i]))
	}
	return middle(v)
}

// middle is the median of v, 0 when it is empty. It sorts v.
func middle(v []float64) float64 {
	n := len(v)
	if n == 0 {
		return 0
	}
	slices.Sort(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// ratio is the median over the rounds of a's cost ÷ b's in the same round.
func (pan *panel) ratio(a, b string) float64 { return pan.ratioOf(pan.profile.cost, a, b) }

// ratioOf is the median over the rounds of a's figure ÷ b's in the same round: both halves of a pair ran within a few
// minutes of each other. 0 when no round has both.
func (pan *panel) ratioOf(figure func(*sample) float64, a, b string) float64 {
	ra, rb := pan.row(a), pan.row(b)
	if ra == nil || rb == nil {
		return 0
	}
	var pairs []float64
	for i := range ra.samples {
		for j := range rb.samples {
			x, y := &ra.samples[i], &rb.samples[j]
			if of := figure(y); x.Round == y.Round && of > 0 {
				pairs = append(pairs, figure(x)/of)
			}
		}
	}
	return middle(pairs)
}

func (pan *panel) row(name string) *row {
	i := slices.IndexFunc(pan.rows, func(r row) bool { return r.name == name && len(r.samples) > 0 })
	if i < 0 {
		return nil
	}
	return &pan.rows[i]
}

func (rep *report) panel(name string) *panel {
	i := slices.IndexFunc(rep.panels, func(p panel) bool { return p.profile.name == name })
	if i < 0 {
		return nil
	}
	return &rep.panels[i]
}
