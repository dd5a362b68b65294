//go:build race || memguard

package ringwire

const raceEnabled = true
