//go:build !race && !memguard

package conntest_test

// checked says that the race detector or the memory guards allocate beside what is measured.
const checked = false
