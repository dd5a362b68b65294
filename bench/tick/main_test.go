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

func TestShort(t *testing.T) {
	drivers := "uring,netpoll"
	if ring.Available() != nil {
		drivers = "netpoll"
	}
	var out strings.Builder
	err := run([]string{"-drivers", drivers, "-connections", "50", "-rate", "500", "-heaps", "0,8", "-duration", "500ms", "-hz", "200", "-garbage", "20", "-spin", "50us"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := 1 + 6*len(strings.Split(drivers, ",")); len(lines) != want || !strings.Contains(lines[2], "time.Ticker") ||
		!strings.Contains(lines[3], "a bare thread  10") {
		t.Errorf("got %d lines, want %d:\n%s", len(lines), want, out.String())
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-drivers", "kqueue"}, {"-hz", "0"}, {"-connections", "0"}, {"-heaps", "all"}, {"-heaps", "-1"},
		{"-nonsense"}, {"-client", "127.0.0.1:1", "-connections", "1"}} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

// The heap is as large as it is said to be, and its nodes lead to each other.
func TestHeap(t *testing.T) {
	all := newHeap(2)
	seen := map[*node]bool{}
	for todo := []*node{all[0]}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[n] {
			seen[n] = true
			todo = append(todo, n.next[:]...)
		}
	}
	if size := len(all) * 72; size < 2<<20-100 || size > 2<<20 || len(seen) < len(all)*9/10 {
		t.Errorf("%d nodes, %d of them reached from the first", len(all), len(seen))
	}
}

// A tick of the goroutine's that nobody took is counted with the next.
func TestGoTickerCounts(t *testing.T) {
	r := &result{}
	quit := make(chan struct{})
	time.AfterFunc(55*time.Millisecond, func() { close(quit) })
	start := time.Now()
	r.goTicker(10*time.Millisecond, quit)
	passed := uint64(time.Since(start) / (10 * time.Millisecond))
	if n := r.std.Count(); n < 4 || n > passed {
		t.Errorf("%d ticks on record, %d were due", n, passed)
	}
}
