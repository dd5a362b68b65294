package mem

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sampler remembers every so-manieth lease while it is out: when and where it was
// acquired. It is how a leak is found in a program that runs.
type sampler struct {
	every uint64 // 0 = off
	count uint64
	out   map[*block]sample
}

type sample struct {
	at  time.Time
	pcs [16]uintptr
	n   int
}

// note remembers b if it is its turn.
func (s *sampler) note(b *block) {
	if s.count++; s.count%s.every != 0 {
		return
	}
	if s.out == nil {
		s.out = map[*block]sample{}
	}
	v := sample{at: time.Now()}
	v.n = runtime.Callers(4, v.pcs[:])
	s.out[b] = v
	b.flags |= flagSampled
}

func (s *sampler) forget(b *block) {
	delete(s.out, b)
	b.flags &^= flagSampled
}

// Suspect is a sampled lease that has been out for long.
type Suspect struct {
	Size    int           // bytes of the buffer
	Purpose string        // its account's name
	Age     time.Duration // since it was acquired
	Stack   string        // where: a function and its file and line, a pair of lines per frame
}

// Suspects lists the sampled leases (Config.SampleEvery) that are out for longer than
// age, the oldest first. A lease that is meant to live long looks the same as one that was
// forgotten: the stack tells. On the loop only, unless Config.Shared.
func (a *Allocator) Suspects(age time.Duration) (list []Suspect) {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	} else {
		a.Collect()
	}
	now := time.Now()
	for b, s := range a.samples.out {
		if d := now.Sub(s.at); d >= age {
			list = append(list, Suspect{b.size, a.accounts[b.account].name, d, frames(s.pcs[:s.n])})
		}
	}
	slices.SortFunc(list, func(x, y Suspect) int { return int(y.Age - x.Age) })
	return list
}

// frames writes a stack as panics do.
func frames(pcs []uintptr) string {
	var text strings.Builder
	frames := runtime.CallersFrames(pcs)
	for more := len(pcs) > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		fmt.Fprintf(&text, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
	}
	return text.String()
}
