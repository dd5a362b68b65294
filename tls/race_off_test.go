//go:build !race && !memguard

package tls

// leasesAllocate: checking builds give every lease pages of its own.
const leasesAllocate = false
