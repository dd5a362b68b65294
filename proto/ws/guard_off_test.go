//go:build !race && !memguard

package ws

// guarded reports whether this is a checking build, in which leases allocate.
const guarded = false
