//go:build !race

package ringwire

const raceEnabled = false
