//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/ringwire/ringwire/bench/internal/figure"
)

func rational(v float64) string { return fmt.Sprintf("%.4f", v) }

func whole(v float64) string { return fmt.Sprintf("%.0f", v) }

// growthText takes bytes per second. Decimal units, as the bar is.
func growthText(v float64) string {
	switch abs := math.Abs(v); {
	case abs >= 1e6:
		return fmt.Sprintf("%.2f MB/s", v/1e6)
	case abs >= 1e5:
		return fmt.Sprintf("%.0f kB/s", v/1e3)
	}
	return figure.Thousands(v) + " B/s"
}

// oneLine fits a text into a cell of a table.
func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.ReplaceAll(s, "|", "\\|")
}
