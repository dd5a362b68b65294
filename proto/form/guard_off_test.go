//go:build !race && !memguard

package form

// guarded reports whether this is a checking build, in which leases allocate.
const guarded = false
