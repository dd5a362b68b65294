package mem

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sampler remembers every so-manieth lease while it is out: when and where it was
// acquired. It is how a leak is found in a program that runs. What leaks stays, so that a
// sampler that has grown to its bound holds just the leases that are looked for.
type sampler struct {
	every uint64 // 0 = off
	count uint64
	out   map[*block]sample
}

const (
	stackDepth = 16
	maxSamples = 4096 // remembered at once: some 700 KiB
)

type sample struct {
	at  time.Time
	pcs [stackDepth]uintptr
	n   int
}

// note remembers b if it is its turn.
func (s *sampler) note(b *block) {
	if s.count++; s.count%s.every != 0 || len(s.out) >= maxSamples {
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

// Suspect is a place in the program whose sampled leases have been out for long.
type Suspect struct {
	Size    int           `json:"size"`    // bytes of one buffer
	Purpose string        `json:"purpose"` // its account's name
	Count   int           `json:"count"`   // sampled leases of that size, purpose and stack
	Age     time.Duration `json:"age_ns"`  // of the oldest
	Site    string        `json:"site"`    // who acquired them: the first function outside of this package, file and line
	Stack   string        `json:"stack"`   // how it came to that: a function and its file and line, a pair of lines per frame
}

// origin is what the leases of one Suspect have in common.
type origin struct {
	pcs     [stackDepth]uintptr
	size    int
	account uint8
}

// Suspects lists where the sampled leases (Config.SampleEvery) came from that are out for
// longer than age, the oldest first. A lease that is meant to live long looks the same as one
// that was forgotten: the stack tells. While none is that old it allocates nothing. On the
// loop only, unless Config.Shared.
func (a *Allocator) Suspects(age time.Duration) (list []Suspect) {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	} else {
		a.Collect()
	}
	var found map[origin]int // index in list
	now := time.Now()
	for b, s := range a.samples.out {
		if d := now.Sub(s.at); d >= age {
			if found == nil {
				found = map[origin]int{}
			}
			list = a.suspect(list, found, b, d)
		}
	}
	slices.SortFunc(list, func(x, y Suspect) int { return cmp.Compare(y.Age, x.Age) })
	return list
}

// suspect adds a sampled lease of that age to the list.
func (a *Allocator) suspect(list []Suspect, found map[origin]int, b *block, age time.Duration) []Suspect {
	s := a.samples.out[b]
	from := origin{s.pcs, b.size, b.account}
	i, known := found[from]
	if !known {
		i = len(list)
		found[from] = i
		list = append(list, Suspect{Size: b.size, Purpose: a.accounts[b.account].name})
		list[i].Site, list[i].Stack = frames(s.pcs[:s.n])
	}
	list[i].Count++
	list[i].Age = max(list[i].Age, age)
	return list
}

// frames writes a stack as panics do, and finds who called into this package.
func frames(pcs []uintptr) (site, stack string) {
	var text strings.Builder
	frames := runtime.CallersFrames(pcs)
	for more := len(pcs) > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		fmt.Fprintf(&text, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
		if site == "" && !inside(f) {
			site = fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line)
		}
	}
	return site, text.String()
}

// inside reports whether a frame is of this package. Its tests are its users.
func inside(f runtime.Frame) bool {
	return strings.HasPrefix(f.Function, "github.com/ringwire/ringwire/mem.") && !strings.HasSuffix(f.File, "_test.go")
}
