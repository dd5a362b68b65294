//go:build linux

package ring

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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
		err, again := Available(), Available()
		restore()
		if err != again {
			t.Errorf("%v: another answer each time: %v", v, again)
		}
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

// What a moment without descriptors says is no verdict on the kernel: asked again later,
// the answer is another one.
func TestAvailableAfterExhaustion(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	defer forgetVerdicts()
	highest := 0
	for {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC) // no gap below may be left over
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if fd == highest+1 {
			highest = fd
			break
		}
		highest = fd
	}
	// From no descriptor to so many that the probe gets its ring, and the self-test not all.
	for spare := range 8 {
		forgetVerdicts()
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(highest + 1 + spare), Max: old.Max}); err != nil {
			t.Skipf("cannot lower the limit: %v", err)
		}
		err := Available()
		if rerr := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); rerr != nil {
			t.Fatal(rerr)
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Kind != Exhausted || e.Remedy == "") {
			t.Errorf("%d descriptors to spare: %v", spare, err)
		}
		if spare == 0 && err == nil {
			t.Error("no descriptor is needed: the test shows nothing")
		}
		if err := Available(); err != nil {
			t.Errorf("%d descriptors to spare: it is remembered: %v", spare, err)
		}
	}
}
