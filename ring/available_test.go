//go:build linux

package ring

import (
	"errors"
	"strings"
	"testing"
)

// Where the probe and the self-test are content, so is Available.
func TestAvailable(t *testing.T) {
	err := Available()
	rep := Probe()
	switch {
	case rep.Refused != nil:
		if err != rep.Refused {
			t.Errorf("refused by %v, but %v", rep.Refused, err)
		}
	case !rep.Kernel.Less(Version{6, 1}) && err != nil:
		t.Errorf("%s: %v", rep.Release, err)
	}
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.Cause == "" || e.Remedy == "") {
		t.Errorf("no cause or remedy in %v", err)
	}
}

// What is missing decides the answer, with the version that would have it.
func TestAvailableOnOldKernels(t *testing.T) {
	if err := Available(); err != nil {
		t.Skipf("not available here: %v", err)
	}
	for v, want := range map[Version]string{
		{5, 10}: "timeout on enter: needs Linux 5.11",
		{5, 18}: "multishot accept: needs Linux 5.19",
		{5, 19}: "multishot receive: needs Linux 6.0",
		{6, 0}:  "deferred task run: needs Linux 6.1",
		{6, 1}:  "",
		{6, 6}:  "",
	} {
		restore := EmulateKernel(v)
		err := Available()
		restore()
		switch {
		case want == "" && err != nil:
			t.Errorf("%v: %v", v, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "run Linux 6.1 or newer")):
			t.Errorf("%v: got %v, want %q and the remedy", v, err, want)
		case want != "" && !errors.Is(err, errors.ErrUnsupported):
			t.Errorf("%v: %v is not ErrUnsupported", v, err)
		}
	}
}
