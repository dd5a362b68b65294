//go:build !race && !memguard

package tls

const raceEnabled = false
