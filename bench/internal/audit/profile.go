package audit

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// Site is a place in the program that allocated. Objects of less than 16 bytes without pointers share a block, and
// only the block is counted.
type Site struct {
	Func     string // the innermost function outside of the runtime
	Objects  int64  // allocated
	Bytes    int64
	Retained int64    // bytes that are still live
	Stack    []string // "function file:line", from Func outwards: the most frequent way there
}

// profile is the allocation profile by stack. It is exact where runtime.MemProfileRate has been 1 from the start, as with
// GODEBUG=memprofilerate=1.
type profile map[[32]uintptr]counts

type counts struct{ objects, bytes, retained int64 }

// readProfile collects garbage first: only then does the profile hold everything up to now.
func readProfile() profile {
	collect()
	records := make([]runtime.MemProfileRecord, 1024)
	for {
		n, ok := runtime.MemProfile(records, true)
		if ok {
			records = records[:n]
			break
		}
		records = make([]runtime.MemProfileRecord, 2*n)
	}
	p := profile{}
	for i := range records { // one for each size: a stack may have several
		r := &records[i]
		c := p[r.Stack0]
		p[r.Stack0] = counts{c.objects + r.AllocObjects, c.bytes + r.AllocBytes, c.retained + r.InUseBytes()}
	}
	return p
}

// since is what was allocated after an earlier profile. First comes who has the largest share, of the objects or of
// the bytes. What the audit itself allocated is left out.
func (p profile) since(earlier profile) []Site {
	var sites []Site
	for stack, c := range p {
		e := earlier[stack]
		s := Site{Objects: c.objects - e.objects, Bytes: c.bytes - e.bytes, Retained: c.retained - e.retained}
		if s.Objects > 0 && s.symbolise(stack[:]) {
			sites = append(sites, s)
		}
	}
	byShare(sites)
	return merge(sites)
}

// merge adds up the sites of the same line, of which the first one lends its stack: the ways there are many.
func merge(sites []Site) []Site {
	merged, at := []Site{}, map[string]int{}
	for _, s := range sites {
		i, seen := at[s.Stack[0]]
		if !seen {
			at[s.Stack[0]] = len(merged)
			merged = append(merged, s)
			continue
		}
		m := &merged[i]
		m.Objects, m.Bytes, m.Retained = m.Objects+s.Objects, m.Bytes+s.Bytes, m.Retained+s.Retained
	}
	byShare(merged)
	return merged
}

func byShare(sites []Site) {
	var objects, bytes float64
	for i := range sites {
		objects += float64(sites[i].Objects)
		bytes += float64(sites[i].Bytes)
	}
	share := func(s *Site) float64 { return max(float64(s.Objects)/objects, float64(s.Bytes)/bytes) }
	slices.SortFunc(sites, func(a, b Site) int {
		return cmp.Or(cmp.Compare(share(&b), share(&a)), cmp.Compare(a.Func, b.Func))
	})
}

const self = "github.com/ringwire/ringwire/bench/internal/audit."

// symbolise fills in function and stack. False when it is the audit's own.
func (s *Site) symbolise(stack []uintptr) bool {
	if end := slices.Index(stack, 0); end >= 0 {
		stack = stack[:end]
	}
	frames := runtime.CallersFrames(stack)
	for more := len(stack) > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if strings.HasPrefix(f.Function, self) {
			return false
		}
		if len(s.Stack) == 0 && inRuntime(f.Function) && more {
			continue // how the runtime goes about it
		}
		if len(s.Stack) == 0 {
			s.Func = f.Function
		} else if inRuntime(f.Function) {
			continue // the goroutine's first frame
		}
		s.Stack = append(s.Stack, fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line))
	}
	return true
}

func inRuntime(name string) bool {
	return strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "internal/runtime/")
}
