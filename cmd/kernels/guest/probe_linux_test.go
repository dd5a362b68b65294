package main

import (
	"bytes"
	"testing"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/ring"
)

// The facts are those of this kernel: the driver with its reason, a verdict for each feature.
func TestProbe(t *testing.T) {
	var out bytes.Buffer
	if err := probe(&out); err != nil {
		t.Fatal(err)
	}
	facts := map[string]string{}
	for _, e := range events(&out) {
		if e.Fact != nil {
			facts[e.Fact.Name] = e.Fact.Value
		}
	}
	want := ringwire.DriverURing
	if ring.Available() != nil {
		want = ringwire.DriverNetpoll
	}
	if facts["driver"] != want || facts["reason"] == "" || facts["release"] != ring.Probe().Release {
		t.Errorf("got %q because %q on %q, want %q", facts["driver"], facts["reason"], facts["release"], want)
	}
	if ring.Probe().Refused != nil {
		if facts["refused"] == "" {
			t.Error("io_uring is refused and it does not say so")
		}
		return
	}
	for _, f := range ring.Features() {
		if v := facts["feature "+f.String()]; (v == "yes") != ring.Probe().Has(f) {
			t.Errorf("%v is %q", f, v)
		}
	}
	if facts["self-test receive"] == "" {
		t.Error("no verdict of the self-test")
	}
}
