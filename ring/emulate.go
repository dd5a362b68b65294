//go:build linux

package ring

import "sync/atomic"

// emulated is the kernel that this package pretends to run on, nil = the real one.
var emulated atomic.Pointer[Version]

// EmulateKernel makes this package refuse what kernels before v did not have:
// setup flags, feature bits, buffer rings, the registered descriptor, and all
// that Probe reports. It is for tests of fallbacks on machines whose kernel is
// newer; single requests are not filtered. restore ends it. Rings that exist
// are not changed. It acts on the whole process.
func EmulateKernel(v Version) (restore func()) {
	old := emulated.Swap(&v)
	forgetVerdicts()
	return func() {
		emulated.Store(old)
		forgetVerdicts()
	}
}

// hidden reports that the emulated kernel is older than since.
func hidden(since Version) bool {
	v := emulated.Load()
	return v != nil && v.Less(since)
}

// setupSince and featSince are the kernels that brought each bit.
var (
	setupSince = [...]Version{{5, 1}, {5, 1}, {5, 1}, {5, 5}, {5, 6}, {5, 6}, {5, 10}, {5, 18}, {5, 19}, {5, 19},
		{5, 19}, {5, 19}, {6, 0}, {6, 1}, {6, 5}, {6, 5}, {6, 6}, {6, 13}, {6, 18}}
	featSince = [...]Version{{5, 4}, {5, 5}, {5, 5}, {5, 6}, {5, 6}, {5, 7}, {5, 9}, {5, 11}, {5, 11}, {5, 12},
		{5, 13}, {5, 17}, {5, 17}, {6, 3}, {6, 10}, {6, 12}, {6, 14}, {6, 15}}
)

// hiddenBits are the bits that the emulated kernel does not know.
func hiddenBits(since []Version) (bits uint32) {
	for i, v := range since {
		if hidden(v) {
			bits |= 1 << i
		}
	}
	return bits
}
