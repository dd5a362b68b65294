package world

import (
	"slices"
	"time"
)

// Shrink makes a violation smaller as long as time lasts: with fewer connections, fewer faults, fewer steps,
// as long as the same rule is broken. run makes a run.
func Shrink(v *Violation, within time.Duration, run func(Spec) *Violation) *Violation {
	s := &shrinker{best: v, run: run, until: time.Now().Add(within)}
	s.conns()
	for _, f := range Faults {
		if spec := s.best.Spec; spec.has(f) {
			spec.Without = append(slices.Clone(spec.Without), f)
			s.try(spec)
		}
	}
	for steps := 1; steps <= 4; steps++ {
		if spec := s.best.Spec; spec.Steps == 0 {
			spec.Steps = steps
			s.try(spec)
		}
	}
	s.conns() // with less around them fewer may do
	return s.best
}

type shrinker struct {
	best  *Violation
	run   func(Spec) *Violation
	until time.Time
}

// try takes spec for the best if it breaks the same rule.
func (s *shrinker) try(spec Spec) bool {
	if time.Now().After(s.until) {
		return false
	}
	v := s.run(spec)
	if v == nil || v.Kind != s.best.Kind {
		return false
	}
	s.best = v
	return true
}

// conns leaves out connections: first all but the one that is to blame, then by halves, quarters … of them.
func (s *shrinker) conns() {
	if c := s.best.Conn; c >= 0 {
		spec := s.best.Spec
		if spec.Conns = []int{c}; s.try(spec) {
			return
		}
	}
	for parts := 2; ; {
		list := s.best.Spec.conns()
		if len(list) < 2 {
			return
		}
		size := (len(list) + parts - 1) / parts
		if s.without(list, size) {
			parts = max(parts-1, 2)
			continue
		}
		if size == 1 || time.Now().After(s.until) {
			return
		}
		parts = min(2*parts, len(list))
	}
}

// without tries to do without size of them in a row, anywhere.
func (s *shrinker) without(list []int, size int) bool {
	for at := 0; at < len(list); at += size {
		spec := s.best.Spec
		spec.Conns = slices.Delete(slices.Clone(list), at, min(at+size, len(list)))
		if len(spec.Conns) > 0 && s.try(spec) {
			return true
		}
	}
	return false
}
