//go:build linux

package ring

import (
	"errors"
	"strings"
	"testing"
)

// optionalFeatures depend on how a kernel was built, not only on its version.
var optionalFeatures = map[Feature]bool{CanNapi: true}

// A kernel that is new enough must be found to have a feature, and one that is
// too old must not.
func TestProbe(t *testing.T) {
	rep := Probe()
	if rep.Refused != nil {
		t.Skipf("no io_uring here: %v", rep.Refused)
	}
	for f := range numFeatures {
		old := rep.Kernel.Less(f.Since())
		switch err := rep.Why(f); {
		case old && err == nil:
			// Distributions backport: allowed, but it should be seen.
			t.Logf("%v found on %v, though it came with %v", f, rep.Kernel, f.Since())
		case !old && err != nil && !optionalFeatures[f]:
			t.Errorf("%v: %v", rep.Release, err)
		case rep.Has(f) != (err == nil):
			t.Errorf("%v: Has and Why disagree", f)
		}
	}
}

func TestProbeCached(t *testing.T) {
	if a, b := Probe(), Probe(); a != b {
		t.Error("probed twice")
	}
}

func TestProbeOps(t *testing.T) {
	rep := Probe()
	if rep.Refused != nil {
		t.Skipf("no io_uring here: %v", rep.Refused)
	}
	for _, op := range []uint8{OpNop, OpReadv, OpAccept, OpSend, OpRecv} {
		if !rep.HasOp(op) {
			t.Errorf("operation %d is missing", op)
		}
	}
	if rep.HasOp(255) {
		t.Error("operation 255 exists")
	}
}

// Every feature has a name, a version and a probe.
func TestFeatureTable(t *testing.T) {
	names := map[string]bool{}
	last := Version{}
	for f := range numFeatures {
		spec := features[f]
		if spec.name == "" || spec.has == nil || spec.since.Less(Version{5, 1}) || names[spec.name] {
			t.Errorf("feature %d: %+v", f, spec)
		}
		if spec.since.Less(last) {
			t.Errorf("%v (%v) stands after %v", f, spec.since, last)
		}
		names[spec.name], last = true, spec.since
	}
}

func TestAbsence(t *testing.T) {
	var e *Error
	if err := absence(CanBundles, Version{6, 1}); !errors.As(err, &e) || e.Since != (Version{6, 10}) || e.Kind != Unsupported ||
		!strings.Contains(e.Cause, "needs Linux 6.10, this is 6.1") {
		t.Errorf("too old: %+v", e)
	}
	if err := absence(CanBundles, Version{6, 12}); !strings.Contains(err.Error(), "should have it") {
		t.Errorf("new enough: %v", err)
	}
}
