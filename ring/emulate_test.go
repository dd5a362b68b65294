//go:build linux

package ring

import (
	"errors"
	"math/bits"
	"testing"

	"golang.org/x/sys/unix"
)

// An emulated kernel has exactly the features of its version, as far as the
// real one has them.
func TestEmulate(t *testing.T) {
	if err := Probe().Refused; err != nil {
		t.Skipf("no io_uring here: %v", err)
	}
	real := *Probe()
	for _, v := range []Version{{5, 10}, {5, 19}, {6, 0}, {6, 1}, {6, 6}, {6, 12}} {
		func() {
			defer EmulateKernel(v)()
			rep := Probe()
			if rep.Kernel != v {
				t.Errorf("%v: kernel is %v", v, rep.Kernel)
			}
			for f := range numFeatures {
				if want := real.Has(f) && !v.Less(f.Since()); rep.Has(f) != want {
					t.Errorf("%v: %v is %v, want %v: %v", v, f, rep.Has(f), want, rep.Why(f))
				}
			}
		}()
	}
	if Probe().Kernel != real.Kernel {
		t.Error("the emulation did not end")
	}
}

func TestEmulateNests(t *testing.T) {
	outer := EmulateKernel(Version{6, 1})
	inner := EmulateKernel(Version{5, 10})
	if !hidden(Version{5, 11}) {
		t.Error("the inner emulation does not hide")
	}
	inner()
	if hidden(Version{6, 1}) || !hidden(Version{6, 2}) {
		t.Error("the outer emulation is not back")
	}
	outer()
	if hidden(Version{99, 0}) {
		t.Error("something is hidden without emulation")
	}
}

func TestEmulateRegistrations(t *testing.T) {
	needs(t, CanBufferRing)
	defer EmulateKernel(Version{5, 17})()
	r := newRing(t, Config{Entries: 4})
	if err := r.RegisterRingFD(); !errors.Is(err, unix.EINVAL) {
		t.Errorf("ring fd on 5.17: %v", err)
	}
	if _, err := r.NewBufRing(BufRingConfig{Entries: 1, Size: 64}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("buffer ring on 5.17: %v", err)
	}
	defer EmulateKernel(Version{6, 1})()
	if b, err := r.NewBufRing(BufRingConfig{Entries: 1, Size: 64}); err != nil {
		t.Errorf("buffer ring on 6.1: %v", err)
	} else {
		b.Close()
	}
	if _, err := r.NewBufRing(BufRingConfig{Entries: 1, Size: 64, Flags: PbufRingInc}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("incremental on 6.1: %v", err)
	}
}

// Each bit of the tables belongs to a constant: none is missing at the end.
func TestSinceTables(t *testing.T) {
	if want := bits.Len32(SetupCQEMixed); len(setupSince) != want {
		t.Errorf("%d setup flags, want %d", len(setupSince), want)
	}
	if want := bits.Len32(FeatNoIOWait); len(featSince) != want {
		t.Errorf("%d features, want %d", len(featSince), want)
	}
	if got := setupSince[bits.TrailingZeros32(SetupDeferTaskrun)]; got != (Version{6, 1}) {
		t.Errorf("DEFER_TASKRUN since %v", got)
	}
	if got := featSince[bits.TrailingZeros32(FeatExtArg)]; got != (Version{5, 11}) {
		t.Errorf("EXT_ARG since %v", got)
	}
}
