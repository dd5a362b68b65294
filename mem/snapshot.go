package mem

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Snapshot is what several allocators and pools hold at one moment, added up. An allocator of
// a loop may be asked on its loop only, so a snapshot is put together: on each loop Add and
// its like, then Merge. The zero Snapshot is empty.
//
// It holds numbers, the names of purposes, pools and functions, and nothing of the buffers. It
// is a value to be printed (String, WriteTo), logged (it is a slog.LogValuer) or encoded as
// JSON, whose names stay as they are.
//
// High water is added up, too. Since the parts need not have been at their highest together, the
// sum is a bound.
type Snapshot struct {
	Allocators int   `json:"allocators"` // how many were added
	Leased     int   `json:"leased"`     // buffers that are out
	Mapped     int64 `json:"mapped_bytes"`
	Locked     int64 `json:"locked_bytes"` // of those, kept in memory

	Misses          uint64 `json:"misses"`          // leases that came from the Go heap: see Stats.Misses
	Refused         uint64 `json:"refused"`         // mappings that the system refused
	LockRefused     uint64 `json:"lock_refused"`    // slabs that it would not keep in memory
	Flattened       uint64 `json:"flattened_bytes"` // copied by Segments.Flatten
	ForeignReleases uint64 `json:"foreign_releases"`

	Classes  [numClasses + 1]ClassStats `json:"classes"`  // ascending, the last one above the largest
	Accounts []AccountStats             `json:"purposes"` // the nameless one first, then by name
	Pools    []PoolStats                `json:"pools"`    // by name
	Suspects []Suspect                  `json:"suspects"` // the oldest first
}

// Add adds an allocator's account.
func (s *Snapshot) Add(t *Stats) {
	s.Merge(&Snapshot{
		Allocators: 1, Leased: t.Leased, Mapped: t.Mapped, Locked: t.Locked,
		Misses: t.Misses, Refused: t.Refused, LockRefused: t.LockRefused,
		Flattened: t.Flattened, ForeignReleases: t.ForeignReleases,
		Classes: t.Classes, Accounts: t.Accounts,
	})
}

// AddPools adds the accounts of pools. Those of one name are one.
func (s *Snapshot) AddPools(pools ...PoolStats) {
	for i := range pools {
		at, found := slices.BinarySearchFunc(s.Pools, pools[i].Name, func(p PoolStats, name string) int { return cmp.Compare(p.Name, name) })
		if !found {
			s.Pools = slices.Insert(s.Pools, at, PoolStats{Name: pools[i].Name})
		}
		s.Pools[at].add(&pools[i])
	}
}

// AddSuspects adds what Allocator.Suspects has found. What is of one place is one.
func (s *Snapshot) AddSuspects(list []Suspect) {
	for _, v := range list {
		same := func(t Suspect) bool { return t.Size == v.Size && t.Purpose == v.Purpose && t.Stack == v.Stack }
		if i := slices.IndexFunc(s.Suspects, same); i >= 0 {
			s.Suspects[i].Count += v.Count
			s.Suspects[i].Age = max(s.Suspects[i].Age, v.Age)
		} else {
			s.Suspects = append(s.Suspects, v)
		}
	}
	slices.SortStableFunc(s.Suspects, func(x, y Suspect) int { return cmp.Compare(y.Age, x.Age) })
}

// Merge adds all that is in t.
func (s *Snapshot) Merge(t *Snapshot) {
	s.Allocators += t.Allocators
	s.Leased += t.Leased
	s.Mapped += t.Mapped
	s.Locked += t.Locked
	s.Misses += t.Misses
	s.Refused += t.Refused
	s.LockRefused += t.LockRefused
	s.Flattened += t.Flattened
	s.ForeignReleases += t.ForeignReleases
	for i := range t.Classes {
		s.Classes[i].add(&t.Classes[i])
	}
	s.addAccounts(t.Accounts)
	s.AddPools(t.Pools...)
	s.AddSuspects(t.Suspects)
}

func (s *Snapshot) addAccounts(list []AccountStats) {
	for i := range list {
		at, found := slices.BinarySearchFunc(s.Accounts, list[i].Name, func(p AccountStats, name string) int { return cmp.Compare(p.Name, name) })
		if !found {
			s.Accounts = slices.Insert(s.Accounts, at, AccountStats{Name: list[i].Name})
		}
		s.Accounts[at].add(&list[i])
	}
}

// LogValue groups the numbers by what they count. Classes, purposes and pools that were never
// used are left out.
func (s Snapshot) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Int("allocators", s.Allocators), slog.Int("leased", s.Leased), slog.Int64("mapped_bytes", s.Mapped),
		slog.Int64("locked_bytes", s.Locked), slog.Uint64("misses", s.Misses), slog.Uint64("refused", s.Refused),
		slog.Uint64("lock_refused", s.LockRefused), slog.Uint64("flattened_bytes", s.Flattened),
		slog.Uint64("foreign_releases", s.ForeignReleases),
	}
	var classes, purposes, pools, suspects []slog.Attr
	for _, c := range s.Classes {
		if c.used() {
			classes = append(classes, slog.GroupAttrs(c.label(), slog.Int("leased", c.Leased), slog.Int("free", c.Free),
				slog.Int("high_water", c.HighWater), slog.Uint64("misses", c.Misses)))
		}
	}
	for _, p := range s.Accounts {
		if p.used() {
			purposes = append(purposes, slog.GroupAttrs(p.label(), slog.Int("leased", p.Leased), slog.Int("high_water", p.HighWater),
				slog.Uint64("misses", p.Misses), slog.Uint64("foreign_releases", p.ForeignReleases), slog.Uint64("flattened_bytes", p.Flattened)))
		}
	}
	for _, p := range s.Pools {
		if p.Made > 0 {
			pools = append(pools, slog.GroupAttrs(p.Name, slog.Int("out", p.Out), slog.Int("free", p.Free),
				slog.Int("high_water", p.HighWater), slog.Uint64("made", p.Made), slog.Uint64("dropped", p.Dropped)))
		}
	}
	for i, v := range s.Suspects {
		suspects = append(suspects, slog.Any(fmt.Sprint(i), v))
	}
	return slog.GroupValue(append(attrs, slog.GroupAttrs("classes", classes...), slog.GroupAttrs("purposes", purposes...),
		slog.GroupAttrs("pools", pools...), slog.GroupAttrs("suspects", suspects...))...)
}

// LogValue is the suspect's fields.
func (v Suspect) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("count", v.Count), slog.Int("size", v.Size), slog.String("purpose", v.Purpose),
		slog.Duration("age", v.Age), slog.String("site", v.Site), slog.String("stack", v.Stack))
}

// String is the table that WriteTo writes.
func (s Snapshot) String() string {
	var text strings.Builder
	_, _ = s.WriteTo(&text)
	return text.String()
}

// WriteTo writes a table for people: what is not there, and classes, purposes and pools that
// were never used, are left out.
func (s Snapshot) WriteTo(w io.Writer) (int64, error) {
	count := counter{w: w}
	t := tabwriter.NewWriter(&count, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, cells ...any) {
		fmt.Fprint(t, name, "\t")
		for _, c := range cells {
			fmt.Fprint(t, c, "\t")
		}
		fmt.Fprint(t, "\n")
	}
	fmt.Fprintf(&count, "%d leased, %s mapped in %d allocators, %d misses, %d refused\n",
		s.Leased, size(s.Mapped), s.Allocators, s.Misses, s.Refused)
	if s.Locked > 0 || s.LockRefused > 0 {
		fmt.Fprintf(&count, "%s locked, %d slabs refused\n", size(s.Locked), s.LockRefused)
	}
	row("class", "leased", "free", "high", "misses")
	for _, c := range s.Classes {
		if c.used() {
			row(c.label(), c.Leased, c.Free, c.HighWater, c.Misses)
		}
	}
	_ = t.Flush()
	row("purpose", "leased", "high", "misses", "foreign", "flattened")
	for _, p := range s.Accounts {
		if p.used() {
			row(p.label(), p.Leased, p.HighWater, p.Misses, p.ForeignReleases, size(int64(p.Flattened)))
		}
	}
	_ = t.Flush()
	if len(s.Pools) > 0 {
		row("pool", "out", "free", "high", "made", "dropped")
		for _, p := range s.Pools {
			row(p.Name, p.Out, p.Free, p.HighWater, p.Made, p.Dropped)
		}
		_ = t.Flush()
	}
	for _, v := range s.Suspects {
		fmt.Fprintf(&count, "suspect: %d × %s of %q, out for %v, acquired at\n%s",
			v.Count, size(int64(v.Size)), v.Purpose, v.Age.Round(time.Second), v.Stack)
	}
	return count.n, count.err
}

// counter keeps what io.WriterTo must say, so that the printing need not.
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.w.Write(p)
	c.n, c.err = c.n+int64(n), err
	return n, err
}

// size is a number of bytes as people write it.
func size(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprint(n>>20, " MiB")
	case n >= 10<<10 || n > 0 && n%1024 == 0:
		return fmt.Sprint(n>>10, " KiB")
	}
	return fmt.Sprint(n, " B")
}

// label names a class in a report.
func (c *ClassStats) label() string {
	if c.Size == 0 {
		return "larger"
	}
	return size(int64(c.Size))
}

func (c *ClassStats) used() bool { return c.HighWater > 0 }

// add sums what two allocators have in one class.
func (c *ClassStats) add(t *ClassStats) {
	c.Size = t.Size
	c.Leased += t.Leased
	c.Free += t.Free
	c.HighWater += t.HighWater
	c.Misses += t.Misses
}

// label names a purpose in a report.
func (p *AccountStats) label() string {
	if p.Name == "" {
		return "(no purpose)"
	}
	return p.Name
}

// used tells purposes that have seen something. The nameless one keeps no high water.
func (p *AccountStats) used() bool { return *p != AccountStats{Name: p.Name} }
