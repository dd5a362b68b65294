//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package mem

// adviseHuge does nothing: these systems decide on large pages by themselves.
func adviseHuge([]byte, bool) {}
