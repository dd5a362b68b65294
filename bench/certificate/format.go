//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
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
	return thousands(v) + " B/s"
}

// latencyText takes microseconds.
func latencyText(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2f s", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.1f ms", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.2f ms", v/1e3)
	}
	return fmt.Sprintf("%.0f µs", v)
}

// thousands groups the digits of a whole number.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	if s == "-0" {
		s = "0"
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// oneLine fits a text into a cell of a table.
func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.ReplaceAll(s, "|", "\\|")
}
