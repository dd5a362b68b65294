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
			other := p.Lease(5000)
			p.Lease(5000).Release()
			list := a.Suspects(0)
			if len(list) != 1 {
				t.Fatalf("%d suspects, want one place", len(list))
			}
			s := list[0]
			if s.Purpose != "body" || s.Size < 100 || s.Count != 4 || !strings.Contains(s.Stack, "mem.forget") ||
				!strings.Contains(s.Site, "mem.forget ") || !strings.Contains(s.Site, "sample_test.go:") {
				t.Errorf("%+v, want every second lease: 4, with who acquired them", s)
			}
			other.Release()
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

// Each place is named once, the one with the oldest lease first.
func TestSuspectsByPlace(t *testing.T) {
	a := NewAllocator(Config{SampleEvery: 1})
	defer closeAll(t, a)
	p := a.Account("body")
	out := []Lease{p.Lease(5000)}
	time.Sleep(2 * time.Millisecond)
	for range 3 {
		out = append(out, forget(p))
	}
	list := a.Suspects(0)
	if len(list) != 2 || list[0].Count != 1 || list[1].Count != 3 || list[0].Age <= list[1].Age {
		t.Errorf("%+v, want two places, the older one first", list)
	}
	for _, l := range out {
		l.Release()
	}
}

// However much leaks, what is remembered of it is bounded; there is room again when some of
// it has come home.
func TestSamplesAreFew(t *testing.T) {
	a := NewAllocator(Config{SampleEvery: 1})
	defer closeAll(t, a)
	var out []Lease
	for range maxSamples + 10 {
		out = append(out, a.Lease(100))
	}
	if list := a.Suspects(0); len(list) != 1 || list[0].Count != maxSamples {
		t.Errorf("%d places, %d leases, want %d", len(list), list[0].Count, maxSamples)
	}
	for _, l := range out {
		l.Release()
	}
	l := a.Lease(100)
	if len(a.Suspects(0)) != 1 {
		t.Error("nothing is sampled any more")
	}
	l.Release()
}

// Looking for what is not there costs nothing.
func TestSuspectsAllocateNothing(t *testing.T) {
	a := NewAllocator(Config{SampleEvery: 1})
	defer closeAll(t, a)
	l := a.Lease(100)
	if n := testing.AllocsPerRun(10, func() { a.Suspects(time.Hour) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	l.Release()
}
