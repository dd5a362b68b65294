// Package leak finds the goroutines and file descriptors that tests leave behind.
//
//	func TestMain(m *testing.M) { leak.Main(m) }
//
// Descriptors are counted where the system lists them (/proc/self/fd, /dev/fd); elsewhere
// only goroutines are.
package leak

import (
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// grace is how long what is on its way out may take to go.
const grace = 10 * time.Second

// Count is what a process holds at one moment.
type Count struct {
	Goroutines  int
	Descriptors int
}

// Now counts.
func Now() Count { return Count{runtime.NumGoroutine(), len(descriptors())} }

// Main runs the tests and fails the run if they left anything behind.
func Main(m *testing.M) {
	warmUp()
	before := Now()
	code := m.Run()
	if code != 0 || fuzzing() {
		os.Exit(code) // the fuzzer leaves goroutines of its own
	}
	if report := Wait(before, grace); report != "" {
		fmt.Fprintln(os.Stderr, report)
		code = 1
	}
	os.Exit(code)
}

func fuzzing() bool {
	f := flag.Lookup("test.fuzz")
	return f != nil && f.Value.String() != ""
}

// Check fails t if it leaves anything behind. The test must not run beside others.
func Check(t testing.TB) {
	warmUp()
	before := Now()
	t.Cleanup(func() {
		if report := Wait(before, grace); report != "" {
			t.Error(report)
		}
	})
}

// Wait waits until no more is held than before, and reports what still is after d: ""
// when nothing is.
func Wait(before Count, d time.Duration) string {
	deadline := time.Now().Add(d)
	for {
		now := Now()
		if now.Goroutines <= before.Goroutines && now.Descriptors <= before.Descriptors {
			return ""
		}
		if time.Now().After(deadline) {
			return describe(before, now)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func describe(before, now Count) string {
	var text strings.Builder
	fmt.Fprintf(&text, "leak: %d goroutines (%d before), %d descriptors (%d before)\n",
		now.Goroutines, before.Goroutines, now.Descriptors, before.Descriptors)
	if now.Descriptors > before.Descriptors {
		for fd, what := range descriptors() {
			fmt.Fprintf(&text, "\tfd %s: %s\n", fd, what)
		}
	}
	if now.Goroutines > before.Goroutines {
		stacks := make([]byte, 1<<20)
		text.Write(stacks[:runtime.Stack(stacks, true)])
	}
	return text.String()
}

// warmUp has the runtime open what it keeps for good: the poller's descriptors.
func warmUp() {
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = ln.Close()
	}
}

// descriptors lists the open descriptors and what they are, nil where nobody tells.
func descriptors() map[string]string {
	dir := "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		dir = "/dev/fd"
		if entries, err = os.ReadDir(dir); err != nil {
			return nil
		}
	}
	list := make(map[string]string, len(entries))
	for _, e := range entries {
		what, err := os.Readlink(dir + "/" + e.Name())
		if err == nil && strings.HasSuffix(what, "/fd") {
			continue // the listing itself
		}
		list[e.Name()] = what
	}
	return list
}
