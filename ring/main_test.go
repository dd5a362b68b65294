//go:build linux

package ring

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain fails the run when the tests leave descriptors open.
func TestMain(m *testing.M) {
	if child := os.Getenv(childEnv); child != "" {
		runChild(child)
	}
	// The runtime opens its poller's descriptors with the first pipe.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	before := openFiles()
	code := m.Run()
	if leaked := leakedSince(before); len(leaked) > 0 && code == 0 {
		fmt.Fprintln(os.Stderr, "leaked descriptors:", leaked)
		code = 1
	}
	os.Exit(code)
}

// openFiles maps the open descriptors to what they are.
func openFiles() map[string]string {
	files := map[string]string{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			files[e.Name()] = to
		}
	}
	return files
}

// leakedSince waits a moment for descriptors that die asynchronously.
func leakedSince(before map[string]string) []string {
	var leaked []string
	for range 50 {
		leaked = nil
		now := openFiles()
		for _, fd := range slices.Sorted(maps.Keys(now)) {
			if before[fd] != now[fd] {
				leaked = append(leaked, fd+" "+now[fd])
			}
		}
		if len(leaked) == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return leaked
}

// pair is two connected stream sockets.
func pair(t testing.TB) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return fds[0], fds[1]
}

// complete submits, waits for one completion and takes it.
func complete(t testing.TB, r *Ring) CQE {
	t.Helper()
	if _, err := r.SubmitAndWait(1); err != nil {
		t.Fatalf("submit and wait: %v", err)
	}
	c := *r.CQEAt(0)
	r.Advance(1)
	return c
}

// run prepares one request, waits for it, and returns its result.
func run(t testing.TB, r *Ring, prepare func(*SQE)) int32 {
	t.Helper()
	prepare(r.GetSQE())
	return complete(t, r).Res
}
