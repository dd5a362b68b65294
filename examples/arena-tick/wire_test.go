package main

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/ringwire/ringwire"
)

func TestAppendState(t *testing.T) {
	w := new(world)
	w.dots[1] = dot{x: width, y: height / 2, live: true}
	w.dots[258] = dot{x: -5, y: 0, live: true, pilot: new(player)}
	got := appendState([]byte("before"), w, 0x01020304, 5*time.Microsecond)
	want := append([]byte("before"),
		2, 0, 2, 0, 4, 3, 2, 1, 5, 0, 0, 0,
		1, 0, 0xff, 0xff, 0xff, 0x7f, 0, 157,
		2, 1, 0, 0, 0, 0, 1, 258*157&255)
	if !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
}

func TestAppendStats(t *testing.T) {
	s := ringwire.TickStats{Ticks: 7, Late: 2, Missed: 1}
	s.Lateness.Record(300 * time.Microsecond)
	got := appendStats(nil, 258, &s)
	want := []byte{3, 0, 2, 1, 7, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 44, 1, 0, 0, 44, 1, 0, 0, 44, 1, 0, 0}
	if !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
}

func TestMicros(t *testing.T) {
	for d, want := range map[time.Duration]uint32{0: 0, 1500: 1, 2 * time.Hour: math.MaxUint32} {
		if got := micros(d); got != want {
			t.Errorf("micros(%v) = %d, want %d", d, got, want)
		}
	}
}

func FuzzParseSteer(f *testing.F) {
	f.Add([]byte{1, 255})
	f.Add([]byte{})
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, p []byte) {
		x, y, ok := parseSteer(p)
		if ok != (len(p) == 2) || ok && (byte(x) != p[0] || byte(y) != p[1]) {
			t.Errorf("parseSteer(% x) = %d, %d, %v", p, x, y, ok)
		}
	})
}
