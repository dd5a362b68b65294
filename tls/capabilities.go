package tls

import "slices"

// Capabilities say of capabilities whether they are had, and why. They are a value: what
// changes them returns others, so one may be kept and shared. The zero value has nothing.
type Capabilities struct {
	list []lazyFinding // in the order in which they were found; never written once it is here
}

// lazyFinding is a Finding, or how to find one out when somebody asks: what costs.
type lazyFinding struct {
	Finding
	ask func() probeVerdict // remembers its answer; nil if the Finding is complete
}

// probeVerdict is what was found out, and how, or why not.
type probeVerdict struct {
	has bool
	why string
}

func (f lazyFinding) finding() Finding {
	if f.ask != nil {
		v := f.ask()
		f.Has, f.Why = v.has, v.why
	}
	return f.Finding
}

// Finding is what is known of one Capability.
type Finding struct {
	Capability Capability
	Has        bool
	Why        string // of an absence always; of a presence, how it is known or who provides it, if there is more to say
}

// Has reports whether c is had.
func (cs Capabilities) Has(c Capability) bool { return cs.finding(c).Has }

// Why is the reason for an absence, or what there is to say of a presence.
func (cs Capabilities) Why(c Capability) string { return cs.finding(c).Why }

// Findings are all that is known, had and absent, each kind in order of preference. The slice is the caller's.
func (cs Capabilities) Findings() []Finding {
	all := make([]Finding, 0, len(cs.list))
	for _, f := range cs.list {
		all = append(all, f.finding())
	}
	return all
}

// With is cs and c.
func (cs Capabilities) With(c Capability, why string) Capabilities {
	return cs.set(Finding{c, true, why})
}

// Without is cs without c, for the reason why.
func (cs Capabilities) Without(c Capability, why string) Capabilities {
	return cs.set(Finding{c, false, why})
}

// Missing says what of need is not had, each with its reason; nil if all is. A backend is
// chosen by its capabilities' answer to what a configuration needs:
//
//	if missing := have.Missing(need...); missing != nil {
//		return fmt.Errorf("tls: not to be had: %s", strings.Join(missing, "; "))
//	}
func (cs Capabilities) Missing(need ...Capability) []string {
	var missing []string
	for _, c := range need {
		if f := cs.finding(c); !f.Has {
			missing = append(missing, c.String()+": "+f.Why)
		}
	}
	return missing
}

func (cs Capabilities) index(c Capability) int {
	return slices.IndexFunc(cs.list, func(f lazyFinding) bool { return f.Capability == c })
}

func (cs Capabilities) finding(c Capability) Finding {
	if i := cs.index(c); i >= 0 {
		return cs.list[i].finding()
	}
	return Finding{Capability: c, Why: "it is not known here"}
}

func (cs Capabilities) set(f Finding) Capabilities {
	list := slices.Clone(cs.list)
	if i := cs.index(f.Capability); i >= 0 {
		list[i] = lazyFinding{Finding: f}
	} else {
		list = append(list, lazyFinding{Finding: f})
	}
	return Capabilities{list}
}
