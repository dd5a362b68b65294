//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/ring"
)

// TestMain lets the test binary be the program, which starts itself as the clients.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if err := run(os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestBursts(t *testing.T) {
	drivers := "uring,netpoll"
	if ring.Available() != nil {
		drivers = "netpoll"
	}
	var out strings.Builder
	if err := run([]string{"-rounds", "2", "-clients", "8", "-drivers", drivers}, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := 1 + 4*len(strings.Split(drivers, ",")); len(lines) != want || !strings.Contains(lines[1], " of 16") {
		t.Errorf("got %d lines, want %d:\n%s", len(lines), want, out.String())
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-drivers", "kqueue"}, {"-groups", "rsa"}, {"-clients", "0"}, {"-nonsense"},
		{"-client", "127.0.0.1:1"}} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

// Ticks that a long turn has swallowed count, each from when it was due.
func TestMissedTicksCount(t *testing.T) {
	tk := newTicker(nil, 1)
	tk.start = tk.start.Add(-10*period - period/2)
	tk.due, tk.pending = period, 1
	tk.tick()
	if n := tk.busy.Count(); n < 10 {
		t.Errorf("%d ticks of ten and a half periods", n)
	}
	if late := tk.busy.Max(); late < float64(9*period/time.Microsecond) {
		t.Errorf("the first is %v µs late, want nine periods at least", late)
	}
	if tk.due <= time.Since(tk.start)-period {
		t.Error("the next tick is past")
	}
}
