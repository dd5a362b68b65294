package mem

import (
	"strings"
	"testing"
	"time"
)

//go:noinline
func forget(p *Account) Lease { return p.Lease(100) }

// One lease in two is remembered while it is out, whichever way it comes home.
func TestSuspects(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			cfg.SampleEvery = 2
			a := NewAllocator(cfg)
			defer closeAll(t, a)
			p := a.Account("body")
			var out []Lease
			for range 4 {
				a.Lease(512).Release()
				out = append(out, forget(p))
			}
			list := a.Suspects(0)
			if len(list) != 4 {
				t.Fatalf("%d suspects, want every second lease: 4", len(list))
			}
			for i, s := range list {
				if s.Purpose != "body" || s.Size < 100 || !strings.Contains(s.Stack, "mem.forget") {
					t.Errorf("%+v", s)
				}
				if i > 0 && s.Age > list[i-1].Age {
					t.Error("not the oldest first")
				}
			}
			if n := len(a.Suspects(time.Hour)); n != 0 {
				t.Errorf("%d are an hour old", n)
			}
			out[0].Share()
			for _, l := range out {
				l.Release()
			}
			if n := len(a.Suspects(0)); n != 0 {
				t.Errorf("%d are under suspicion at home", n)
			}
		})
	}
}

func TestNothingIsSampledByDefault(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	l := a.Lease(100)
	if n := len(a.Suspects(0)); n != 0 {
		t.Errorf("%d suspects", n)
	}
	l.Release()
}
