package mem

// maxAccounts bounds the purposes of one allocator, the nameless one included.
const maxAccounts = 16

// Account counts an allocator's leases for one purpose: who holds the memory. It is a
// second door to the same buffers; its methods are bound to the allocator's loop likewise.
type Account struct {
	a      *Allocator
	name   string
	id     uint8 // 0 = the nameless one, which not everything passes: what is out of it is the difference
	leased int
	high   int
	misses uint64

	// These are counted for the nameless one, too.

	foreign   uint64 // buffers whose last release was on another goroutine
	flattened uint64 // bytes
}

// Account returns the account of that name, opening it when it is new: a constant like
// "output", at most 15 of them. What is leased from the allocator itself has no name.
func (a *Allocator) Account(name string) *Account {
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	}
	for i := range a.accounts {
		if p := a.accounts[i]; p.name == name {
			return p
		}
	}
	if len(a.accounts) == maxAccounts {
		panic("mem: Account: more than 15 purposes")
	}
	p := &Account{a: a, name: name, id: uint8(len(a.accounts))}
	a.accounts = append(a.accounts, p)
	return p
}

// Allocator returns whose account it is.
func (p *Account) Allocator() *Allocator { return p.a }

// Lease is Allocator.Lease, counted.
func (p *Account) Lease(n int) Lease {
	a := p.a
	if uint(n-1) < a.fastMax { // as Allocator.Lease
		c := &a.classes[classOf(n)]
		if nd := c.free; nd != nil {
			c.free = nd.next
			c.freeLen--
			b := nd.lease.b
			b.refs, b.account = 1, p.id
			if p.leased++; p.leased > p.high {
				p.high = p.leased
			}
			return nd.lease
		}
	}
	return p.leaseSlow(n)
}

func (p *Account) leaseSlow(n int) Lease {
	a := p.a
	if a.cfg.Shared {
		a.mu.Lock()
		defer a.mu.Unlock()
	} else {
		a.Collect()
	}
	missed := a.missed
	l := a.leaseLocked(n)
	l.b.account = p.id
	p.misses += a.missed - missed
	if p.leased++; p.leased > p.high {
		p.high = p.leased
	}
	return l
}

// forget takes a buffer that comes home off its account.
func (b *block) forget() {
	b.owner.accounts[b.account].leased--
	b.account = 0
}

// noteFlattened counts n bytes that Flatten copied.
func (p *Account) noteFlattened(n int) {
	if p.a.cfg.Shared {
		p.a.mu.Lock()
		defer p.a.mu.Unlock()
	}
	p.flattened += uint64(n)
}

// AccountStats is what an account has seen, in buffers where nothing else is said.
type AccountStats struct {
	Name            string `json:"purpose"`          // "" for leases without one
	Leased          int    `json:"leased"`           // out now
	HighWater       int    `json:"high_water"`       // most out at once; not counted for leases without purpose
	Misses          uint64 `json:"misses"`           // came from the Go heap: see Stats.Misses
	ForeignReleases uint64 `json:"foreign_releases"` // whose last owner was on another goroutine: see Lease.Share
	Flattened       uint64 `json:"flattened_bytes"`  // copied by Segments.Flatten
}

// add sums what two allocators have seen for one purpose.
func (s *AccountStats) add(t *AccountStats) {
	s.Leased += t.Leased
	s.HighWater += t.HighWater
	s.Misses += t.Misses
	s.ForeignReleases += t.ForeignReleases
	s.Flattened += t.Flattened
}

// readAccounts completes s, whose other counts are there, with those by purpose.
func (a *Allocator) readAccounts(s *Stats) {
	rest := AccountStats{Leased: s.Leased, Misses: s.Misses}
	s.Accounts = s.Accounts[:0]
	for i, p := range a.accounts {
		s.Accounts = append(s.Accounts, AccountStats{p.name, p.leased, p.high, p.misses, p.foreign, p.flattened})
		s.ForeignReleases += p.foreign
		s.Flattened += p.flattened
		if i > 0 {
			rest.Leased -= p.leased
			rest.Misses -= p.misses
		}
	}
	s.Accounts[0].Leased, s.Accounts[0].Misses = rest.Leased, rest.Misses // what went around it included
}
