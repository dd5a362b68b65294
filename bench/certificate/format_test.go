//go:build linux

package main

import (
	"testing"

	"github.com/ringwire/ringwire/bench/internal/figure"
)

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{growthText(0), "0 B/s"},
		{growthText(-0.3), "0 B/s"},
		{growthText(999.6), "1 000 B/s"},
		{growthText(-54_321), "-54 321 B/s"},
		{growthText(123_456), "123 kB/s"},
		{growthText(-5_430_000), "-5.43 MB/s"},
		{figure.Latency(99.4), "99 µs"},
		{figure.Latency(1234), "1.23 ms"},
		{figure.Latency(12_340), "12.3 ms"},
		{figure.Latency(1_234_000), "1.23 s"},
		{figure.Thousands(-1234567), "-1 234 567"},
		{figure.Thousands(-123), "-123"},
		{rational(0.00004), "0.0000"},
		{oneLine("a|b\nc"), `a\|b`},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
