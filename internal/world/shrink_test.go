package world

import (
	"slices"
	"testing"
	"time"
)

// A rule that is broken when two certain connections meet, on a network that is late, shrinks to those.
func TestShrink(t *testing.T) {
	runs := 0
	run := func(s Spec) *Violation {
		runs++
		if slices.Contains(s.conns(), 17) && slices.Contains(s.conns(), 603) && s.has("late") {
			return &Violation{Spec: s, Kind: "crossed", Conn: 17}
		}
		if len(s.conns()) == 1 {
			return &Violation{Spec: s, Kind: "another", Conn: 17} // not to be taken for it
		}
		return nil
	}
	small := Shrink(run(Spec{Seed: 8}), time.Minute, run)
	if !slices.Equal(small.Spec.Conns, []int{17, 603}) {
		t.Errorf("it shrinks to connections %v, want 17 and 603", small.Spec.Conns)
	}
	if small.Spec.Steps != 1 || len(small.Spec.Without) != len(Faults)-1 || !small.Spec.has("late") {
		t.Errorf("it shrinks to %v", small.Spec)
	}
	if runs > 300 {
		t.Errorf("that took %d runs", runs)
	}
	if v := Shrink(run(Spec{Seed: 8}), 0, run); v.Spec.Conns != nil {
		t.Errorf("without any time it shrinks to %v", v.Spec)
	}
}
