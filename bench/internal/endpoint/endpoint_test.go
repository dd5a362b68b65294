package endpoint

import (
	"math"
	"testing"
)

func TestInt(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
	}{
		{"0", 0}, {"20", 20}, {"-7", -7}, {"+7", 7}, {" 12\r\n", 12}, {"\t5 ", 5},
		{"", 0}, {" ", 0}, {"-", 0}, {"12a", 0}, {"1 2", 0}, {"0x10", 0}, {"--1", 0}, {"1.5", 0},
		{"9223372036854775807", math.MaxInt}, {"9223372036854775808", 0}, {"-9223372036854775808", math.MinInt},
		{"-9223372036854775809", 0}, {"99999999999999999999", 0}, {"00000000000000000000000007", 7}, {"१", 0},
	} {
		if got := Int(c.in); got != c.want {
			t.Errorf("Int(%q) = %d, want %d", c.in, got, c.want)
		}
		if got := Int([]byte(c.in)); got != c.want {
			t.Errorf("Int of the bytes of %q = %d, want %d", c.in, got, c.want)
		}
	}
}

func TestMultiplier(t *testing.T) {
	for in, want := range map[string]int{"": 1, "0": 0, "3": 3, "-2": -2, "x": 0} {
		if got := Multiplier(in); got != want {
			t.Errorf("Multiplier(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		path string
		want int
		ok   bool
	}{
		{"/json/0", 0, true}, {"/json/25", 25, true}, {"/json/50", 50, true}, {"/json/51", 50, true},
		{"/json/", 0, false}, {"/json", 0, false}, {"/json/-1", 0, false}, {"/json/5/", 0, false},
		{"/json/x", 0, false}, {"/json/9999999999", 0, false}, {"/pipeline", 0, false},
	} {
		if n, ok := Count(c.path); n != c.want || ok != c.ok {
			t.Errorf("Count(%q) = %d, %v, want %d, %v", c.path, n, ok, c.want, c.ok)
		}
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		path string
		want int
		ok   bool
	}{
		{"/bytes/0", 0, true}, {"/bytes/65536", 65536, true}, {"/bytes/16777217", 16 << 20, true},
		{"/bytes/", 0, false}, {"/bytes", 0, false}, {"/bytes/1k", 0, false}, {"/json/5", 0, false},
	} {
		if n, ok := Size(c.path); n != c.want || ok != c.ok {
			t.Errorf("Size(%q) = %d, %v, want %d, %v", c.path, n, ok, c.want, c.ok)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	body, path := []byte("-1234"), []byte("/json/25")
	if n := testing.AllocsPerRun(100, func() {
		if Int(body) != -1234 {
			t.Fatal("wrong number")
		}
		if _, ok := Count(path); !ok {
			t.Fatal("wrong path")
		}
	}); n != 0 {
		t.Errorf("%v allocations per request, want none", n)
	}
}
