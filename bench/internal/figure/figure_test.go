package figure

import "testing"

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Latency(0.4), "0 µs"}, {Latency(99.4), "99 µs"}, {Latency(1234), "1.23 ms"}, {Latency(12_340), "12.3 ms"}, {Latency(2.5e6), "2.50 s"},
		{Thousands(0), "0"}, {Thousands(-0.2), "0"}, {Thousands(999), "999"}, {Thousands(1234567.4), "1 234 567"},
		{Thousands(-123), "-123"}, {Thousands(-1234567), "-1 234 567"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
