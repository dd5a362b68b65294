package world

import (
	"reflect"
	"strings"
	"testing"
)

func TestSpecText(t *testing.T) {
	for _, s := range []Spec{
		{Seed: 7},
		{Seed: 1, All: 50, Conns: []int{3, 9, 10, 11, 12, 40}, Steps: 2, Without: []string{"late", "reset"}},
		{Conns: []int{0}},
	} {
		got, err := ParseSpec(s.String())
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%q is read as %+v, %v", s, got, err)
		}
	}
	for _, bad := range []string{"sead=7", "seed=x", "conns=3-", "conns=-1", "conns=1-9999999", "without=rain", "steps=", "7"} {
		if s, err := ParseSpec(bad); err == nil {
			t.Errorf("%q is taken for %v", bad, s)
		}
	}
}

// What is left out does not change the rest: or what was made smaller would be another run.
func TestPlanStays(t *testing.T) {
	for seed := range uint64(200) {
		all := Spec{Seed: seed}
		want := all.plan()
		for _, f := range Faults {
			less := Spec{Seed: seed, Without: []string{f}}
			got := less.plan()
			if got.IdleTimeout != want.IdleTimeout || got.span != want.span || got.MaxConns != want.MaxConns {
				t.Errorf("seed %d without %s is another run", seed, f)
			}
			name := strings.NewReplacer("short-read", "ShortRead", "late", "Late").Replace(f)
			if v := reflect.ValueOf(got.Faults).FieldByName(name); v.IsValid() && v.Int() != 0 {
				t.Errorf("seed %d without %s has it", seed, f)
			}
		}
	}
}
