package mem

import (
	"errors"
	"fmt"
	"strings"
)

// Stats is an allocator's account at one moment.
type Stats struct {
	// Classes holds one entry per size class, ascending; the last one, of Size
	// 0, counts the leases above the largest class.
	Classes [numClasses + 1]ClassStats
	// Accounts holds one entry per purpose, the nameless one first.
	Accounts []AccountStats
	// Leased is the number of leased buffers in all classes. Owners added by
	// Clone do not count: a buffer is out once.
	Leased int
	// Mapped is the address space taken from the system, in bytes. What was
	// never touched costs no memory.
	Mapped int64
	// Limit is the most that Mapped may be (Config.Limit), 0 without one.
	Limit int64
	// Misses counts leases that came from the Go heap because of the limit,
	// the system's refusal, or Close. Not those of Config.Heap. Refused is how often the
	// system refused a mapping.
	Misses, Refused uint64
	// Locked is how many of the mapped bytes are kept in memory (Config.Lock), and
	// LockRefused counts the slabs for which the system refused that.
	Locked      int64
	LockRefused uint64
	// Flattened counts the bytes that Segments.Flatten had to copy.
	Flattened uint64
	// ForeignReleases counts the buffers whose last owner was on another goroutine
	// than the allocator's; see Lease.Share.
	ForeignReleases uint64
}

// ClassStats is the account of one size class, in buffers.
type ClassStats struct {
	Size      int    `json:"size"`       // bytes of one buffer, 0 above the largest class
	Leased    int    `json:"leased"`     // out now
	Free      int    `json:"free"`       // home, used before
	HighWater int    `json:"high_water"` // most out at once
	Misses    uint64 `json:"misses"`     // came from the Go heap: see Stats.Misses
}

// Stats returns the account. On the loop only, unless Config.Shared.
func (a *Allocator) Stats() (s Stats) {
	a.ReadStats(&s)
	return s
}

// ReadStats is Stats into s, whose list of accounts is reused: who looks often allocates
// nothing. On the loop only, unless Config.Shared.
func (a *Allocator) ReadStats(s *Stats) {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	} else {
		a.Collect()
	}
	*s = Stats{Accounts: s.Accounts, Mapped: a.mapped, Limit: max(0, a.cfg.Limit), Refused: a.refused, Locked: a.locked, LockRefused: a.lockRefused}
	for i := range a.classes {
		c := &a.classes[i]
		s.Classes[i] = ClassStats{
			Leased:    c.leased(),
			Free:      c.freeLen,
			HighWater: c.high,
			Misses:    c.misses,
		}
		if i < numClasses {
			s.Classes[i].Size = classSize[i]
		}
		s.Leased += c.leased()
		s.Misses += c.misses
	}
	a.readAccounts(s)
}

// Close gives all memory back, to the reserve or the system: see Trim. While leases are out it unmaps
// nothing and returns an error that lists them (checking builds add where they
// were acquired); they stay usable, and Close may be called again when they are
// home. After Close every lease comes from the Go heap, as a miss. On
// the loop only, or after it, unless Config.Shared.
func (a *Allocator) Close() error {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	} else {
		a.Collect()
	}
	if err := a.leaks(); err != nil {
		return err
	}
	a.closed = true
	for i := range a.classes {
		c := &a.classes[i]
		c.free, c.freeLen, c.total, c.headers, c.memory = nil, 0, 0, nil, nil
	}
	for _, s := range a.slabs {
		a.unmapSlab(s)
	}
	a.slabs, a.headers, a.spare, a.locals.free = nil, nil, nil, nil
	if guard {
		a.drainQuarantine()
	}
	return nil
}

// leaks describes the leases that are out, nil when there are none.
func (a *Allocator) leaks() error {
	var text strings.Builder
	total := 0
	for i := range a.classes {
		n := a.classes[i].leased()
		if n == 0 {
			continue
		}
		total += n
		if i == largeClass {
			fmt.Fprintf(&text, ", %d over %d B", n, maxClass)
		} else {
			fmt.Fprintf(&text, ", %d of %d B", n, classSize[i])
		}
	}
	if n := a.locals.out; n > 0 {
		total += n
		fmt.Fprintf(&text, ", %d localized", n)
	}
	if total == 0 {
		return nil
	}
	if guard {
		a.describeLeaks(&text)
	}
	return errors.New("mem: close: leases not released: " + text.String()[2:])
}
