package mem

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const ballastChild = "RINGWIRE_TEST_BALLAST"

// In a process of their own, because ballast stays.
func TestBallast(t *testing.T) {
	if os.Getenv(ballastChild) != "" {
		ballastProgram(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestBallast$", "-test.v")
	cmd.Env = append(os.Environ(), ballastChild+"=1", "GOGC=100", "GOMEMLIMIT=off")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulator runs this, and the system cannot run it again: ", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func ballastProgram(t *testing.T) {
	const size = 32 << 20
	before, resident := collectionsOf(16<<20), residentBytes(t)
	if n := Ballast(size); n != size {
		t.Fatalf("%d bytes, want %d", n, size)
	}
	runtime.GC() // from now on it counts
	after := collectionsOf(16 << 20)
	if before < 2 || after != 0 {
		t.Errorf("16 MiB of garbage: %d collections, with ballast %d, want at least 2 and none", before, after)
	}
	// What grew is garbage that has not been collected. The race detector keeps books of all there is.
	if grown := residentBytes(t) - resident; resident > 0 && !raceEnabled && grown > size*3/4 {
		t.Errorf("%d bytes more are in memory: the ballast is", grown)
	}
	if n := Ballast(size / 2); n != size {
		t.Errorf("asked for less: %d bytes, want %d still", n, size)
	}
	debug.SetMemoryLimit(640 << 20)
	if n := Ballast(2 * size); n != 40<<20 {
		t.Errorf("under a limit of 640 MiB: %d bytes, want 40 MiB", n)
	}
}

var garbage *[1024]byte

// collectionsOf makes garbage and returns how often it was collected.
func collectionsOf(n int) uint32 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n / len(garbage) {
		garbage = new([1024]byte)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

// residentBytes is what of the process is in memory, 0 where that is not known.
func residentBytes(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
