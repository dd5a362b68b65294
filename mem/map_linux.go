package mem

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages or forbids them. Where they are on for every
// mapping, one touched byte would otherwise cost 2 MiB. Advice only: kernels
// without the feature refuse (EINVAL) and nothing is lost.
func adviseHuge(p []byte, on bool) {
	advice := unix.MADV_NOHUGEPAGE
	if on {
		advice = unix.MADV_HUGEPAGE
	}
	_ = unix.Madvise(p, advice)
}
