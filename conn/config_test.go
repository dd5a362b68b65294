package conn

import (
	"math"
	"testing"
	"time"
)

func TestConfigDefaults(t *testing.T) {
	got := Config{}.withDefaults()
	want := Config{
		MaxConns: math.MaxInt, WriteTimeout: 30 * time.Second, LingerTimeout: time.Second,
		MaxPending: 64 << 10, HighWater: 256 << 10, LowWater: 64 << 10, OutputChunk: 4 << 10, MaxSend: 128 << 10,
	}
	compareConfig(t, "zero", got, want)
}

func TestConfigNegativeIsNone(t *testing.T) {
	got := Config{
		MaxConns: -1, WriteTimeout: -1, LingerTimeout: -1,
		MaxPending: -1, HighWater: -1, LowWater: -1, MaxSend: -1,
	}.withDefaults()
	want := Config{
		MaxConns: math.MaxInt, WriteTimeout: forever, LingerTimeout: forever,
		MaxPending: math.MaxInt, HighWater: math.MaxInt, LowWater: math.MaxInt, OutputChunk: 4 << 10, MaxSend: math.MaxInt,
	}
	compareConfig(t, "negative", got, want)
	if now := int64(100 * 365 * 24 * time.Hour); now+int64(forever) < now {
		t.Error("no timeout overflows when it is added to a time")
	}
}

func TestConfigKeepsWhatIsSet(t *testing.T) {
	set := Config{
		MaxConns: 1, WriteTimeout: 2, LingerTimeout: 3, MaxPending: 4, HighWater: 6, LowWater: 5, OutputChunk: 7, MaxSend: 8,
	}
	compareConfig(t, "set", set.withDefaults(), set)
	if low := (Config{HighWater: 1000}).withDefaults().LowWater; low != 1000 {
		t.Errorf("the default low-water mark is %d, above a high-water mark of 1000", low)
	}
}

func compareConfig(t *testing.T, name string, got, want Config) {
	t.Helper()
	for _, f := range []struct {
		field     string
		got, want any
	}{
		{"MaxConns", got.MaxConns, want.MaxConns},
		{"WriteTimeout", got.WriteTimeout, want.WriteTimeout},
		{"LingerTimeout", got.LingerTimeout, want.LingerTimeout},
		{"MaxPending", got.MaxPending, want.MaxPending},
		{"HighWater", got.HighWater, want.HighWater},
		{"LowWater", got.LowWater, want.LowWater},
		{"OutputChunk", got.OutputChunk, want.OutputChunk},
		{"MaxSend", got.MaxSend, want.MaxSend},
	} {
		if f.got != f.want {
			t.Errorf("%s: %s is %v, want %v", name, f.field, f.got, f.want)
		}
	}
}
