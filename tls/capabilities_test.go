package tls

import (
	stdtls "crypto/tls"
	"slices"
	"testing"
)

func TestMissing(t *testing.T) {
	var none Capabilities
	have := none.With(CanTLS13, "").With(GroupCapability(stdtls.X25519), "").Without(CanECHServer, "no key was given")
	if missing := have.Missing(CanTLS13, GroupCapability(stdtls.X25519)); missing != nil {
		t.Errorf("missing %q, want nothing", missing)
	}
	want := []string{"ECH as server: no key was given", "group P-256: it is not known here"}
	if missing := have.Missing(CanECHServer, CanTLS13, GroupCapability(stdtls.CurveP256)); !slices.Equal(missing, want) {
		t.Errorf("missing %q, want %q", missing, want)
	}
	if missing := none.Missing(CanTLS13); len(missing) != 1 {
		t.Errorf("nothing has %q", missing)
	}
}

// What is changed is another value: Probe's answer is shared by all.
func TestCapabilitiesAreValues(t *testing.T) {
	var none Capabilities
	a := none.With(CanTLS12, "first")
	b := a.Without(CanTLS12, "second")
	c, d := a.With(CanTLS13, ""), a.With(CanECHClient, "")
	a.Findings()[0].Has = false
	if !a.Has(CanTLS12) || a.Why(CanTLS12) != "first" || b.Has(CanTLS12) || b.Why(CanTLS12) != "second" {
		t.Errorf("a change reaches the value that it was made from:\n%v%v", a, b)
	}
	if c.Has(CanECHClient) || !c.Has(CanTLS13) || !d.Has(CanECHClient) || none.Has(CanTLS12) {
		t.Errorf("two changes of one value meet:\n%v%v", c, d)
	}
}

// What costs is found out when it is asked for, and not before.
func TestAskedForLater(t *testing.T) {
	asked := 0
	cs := Capabilities{[]lazyFinding{{Finding{Capability: CanSystemRoots}, func() probeVerdict {
		asked++
		return probeVerdict{true, "found"}
	}}}}
	cs = cs.With(CanTLS13, "")
	if missing := cs.Missing(CanTLS13); missing != nil || asked != 0 {
		t.Errorf("asked %d times for what is not needed", asked)
	}
	if !cs.Has(CanSystemRoots) || cs.Why(CanSystemRoots) != "found" || asked == 0 {
		t.Errorf("%v", cs.Findings())
	}
	if cs = cs.Without(CanSystemRoots, "not wanted"); cs.Has(CanSystemRoots) {
		t.Error("an answer overrides what was set later")
	}
}
