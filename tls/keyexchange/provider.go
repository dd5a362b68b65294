package keyexchange

import (
	"crypto/fips140"
	"sync"
)

// The providers, as ProviderOf names them.
const (
	Circl  = "circl"  // github.com/cloudflare/circl, but for the NIST curve of a hybrid
	Crypto = "crypto" // the standard library
)

// slot is a group's place in this process: who may compute it, and who does.
type slot struct {
	fast, std impl
	unfit     string // why fast is no candidate

	once     sync.Once
	by       *impl // nil if nobody can
	provider string
	why      string
}

var slots = newSlots()

func newSlots() *[len(specs)]slot {
	all := new([len(specs)]slot)
	unfit := circlUnfit()
	if fips140.Enabled() {
		unfit = "FIPS 140 mode is on, and only the standard library's module is validated"
	}
	for i := range all {
		all[i].std, all[i].fast, all[i].unfit = std[i], circl[i], unfit
		if unfit == "" && circl[i].dh == nil {
			all[i].unfit = "circl has no " + specs[i].name + " that is constant-time and faster"
		}
	}
	return all
}

// Groups are the groups that this process can compute, hybrids first, in the standard
// library's order of preference. The first call checks them all: some milliseconds.
func Groups() []Group {
	var list []Group
	for i := range slots {
		if slots[i].get() != nil {
			list = append(list, specs[i].group)
		}
	}
	return list
}

// ProviderOf says who computes g in this process, Circl or Crypto, and why; "" and why not
// if nobody does. The first call for a group checks it.
func ProviderOf(g Group) (provider, why string) {
	i := g.index()
	if i < 0 {
		return "", g.String() + " is not known here"
	}
	s := &slots[i]
	s.get()
	return s.provider, s.why
}

// implOf is who computes g, nil if nobody does.
func implOf(g Group) *impl {
	i := g.index()
	if i < 0 {
		return nil
	}
	return slots[i].get()
}

func (s *slot) get() *impl {
	s.once.Do(s.decide)
	return s.by
}

// decide chooses for the life of the process. The standard library has to show that it
// will, too: where a policy forbids its curve, the group is not to be had.
func (s *slot) decide() {
	if err := exchange(&s.std, &s.std); err != nil {
		s.why = "the standard library does not do it: " + err.Error()
		return
	}
	s.by, s.provider, s.why = &s.std, Crypto, s.unfit
	if s.unfit != "" {
		return
	}
	if err := check(&s.fast, &s.std); err != nil {
		s.why = "circl is disabled, its cross-check with the standard library failed: " + err.Error()
		return
	}
	s.by, s.provider, s.why = &s.fast, Circl, "it is faster, and agrees with the standard library"
}
