//go:build linux

package host

import (
	"runtime"
	"testing"
	"time"
)

func TestDescribe(t *testing.T) {
	h := Describe()
	if h.Go != runtime.Version() || h.Cores < 1 || h.Kernel == "" || time.Since(h.Time) > time.Minute {
		t.Errorf("%+v", h)
	}
}

func TestModel(t *testing.T) {
	if got := model("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nstepping\t: 1\n"); got != "Some CPU @ 3 GHz" {
		t.Errorf("got %q", got)
	}
	if got := model("processor\t: 0\n"); got != "" { // not every architecture has one
		t.Errorf("got %q", got)
	}
}
