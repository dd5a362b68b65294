package mem

// maxAccounts bounds the purposes of one allocator, the nameless one included.
const maxAccounts = 16

// Account counts an allocator's leases for one purpose: who holds the memory. It is a
// second door to the same buffers; its methods are bound to the allocator's loop likewise.
type Account struct {
	a      *Allocator
	name   string
	id     uint8 // 0 = the nameless one, whose own numbers are not used: not everything passes it
	leased int
	high   int
	misses uint64
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

// AccountStats is what an account has seen, in buffers.
type AccountStats struct {
	Name      string // of the purpose, "" for leases without one
	Leased    int    // out now
	HighWater int    // most out at once; not counted for leases without purpose
	Misses    uint64 // came from the Go heap because of the limit
}

// accountStats lists the accounts; leased is the number of leases in all.
func (a *Allocator) accountStats(leased int, misses uint64) []AccountStats {
	list := make([]AccountStats, len(a.accounts))
	for i, p := range a.accounts {
		list[i] = AccountStats{p.name, p.leased, p.high, p.misses}
		if i > 0 {
			leased -= p.leased
			misses -= p.misses
		}
	}
	list[0] = AccountStats{Leased: leased, Misses: misses} // what went around it included
	return list
}
