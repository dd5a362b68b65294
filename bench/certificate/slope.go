//go:build linux

package main

import (
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
)

// slope is how many bytes a second the heap grew by, fitted to all points by least squares; 0 for fewer than two.
func slope(points []audit.Point) float64 {
	n := float64(len(points))
	if n < 2 {
		return 0
	}
	var meanX, meanY float64
	for _, p := range points {
		meanX += p.At.Seconds() / n
		meanY += float64(p.HeapAlloc) / n
	}
	var xy, xx float64
	for _, p := range points {
		dx := p.At.Seconds() - meanX
		xy += dx * (float64(p.HeapAlloc) - meanY)
		xx += dx * dx
	}
	if xx == 0 {
		return 0
	}
	return xy / xx
}

// perSecond is the difference of two counters that may have gone down.
func perSecond(before, after uint64, over time.Duration) float64 {
	if over <= 0 {
		return 0
	}
	return (float64(after) - float64(before)) / over.Seconds()
}
