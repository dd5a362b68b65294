//go:build (memguard || race) && !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package mem

// protect destroys released memory: there are no pages of ours to protect.
func protect(p []byte) { fill(p, poisonByte) }
