//go:build race

package ringwire

const raceEnabled = true
