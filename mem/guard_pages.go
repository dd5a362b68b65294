//go:build (memguard || race) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package mem

// protect makes released memory fault on any access. If the system refuses
// (too many mappings), the memory is destroyed instead.
func protect(p []byte) {
	if sysProtect(p) != nil {
		fill(p, poisonByte)
	}
}
