//go:build linux

package ring

import (
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mine is where the calling thread may run.
func mine(t *testing.T) unix.CPUSet {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// last is the highest processor of a set.
func last(set unix.CPUSet) int {
	n := -1
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			n = i
		}
	}
	return n
}

// seat is Events that look at where the loop runs.
type seat struct {
	t    *testing.T
	loop *Loop
	set  unix.CPUSet
}

func (s *seat) Opened(uint32)           {}
func (s *seat) Received(uint32, []byte) {}
func (s *seat) Ended(uint32, error)     {}
func (s *seat) Sent(uint32, int, error) {}
func (s *seat) Closed(uint32)           {}
func (s *seat) AcceptFailed(error)      {}
func (s *seat) Turn(int64) int64 {
	s.set = mine(s.t)
	s.loop.Stop()
	return 0
}

func TestLoopStaysOnItsProcessors(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread() // the loop's thread is this one, before and afterwards
	defer runtime.UnlockOSThread()
	before := mine(t)
	cpu := last(before)
	l, err := NewLoop(LoopConfig{CPUs: []int{cpu}})
	if err != nil {
		t.Fatal(err)
	}
	s := &seat{t: t, loop: l}
	if err := l.Run(s); err != nil {
		t.Fatal(err)
	}
	if s.set.Count() != 1 || !s.set.IsSet(cpu) {
		t.Errorf("the loop may run on %d processors, want processor %d alone", s.set.Count(), cpu)
	}
	if mine(t) != before {
		t.Error("its thread is not where it was before")
	}
}

func TestProcessorsThatAreNotThere(t *testing.T) {
	for _, cpus := range [][]int{{1023}, {-1}, {1 << 20}} {
		if err := CheckCPUs(cpus); err == nil || !strings.Contains(err.Error(), "Cpus_allowed_list") {
			t.Errorf("%v: %v, want an error with a remedy", cpus, err)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := mine(t)
	if err := CheckCPUs([]int{last(before), 1023}); err != nil {
		t.Errorf("one of two is there: %v", err)
	}
	if err := CheckCPUs(nil); err != nil {
		t.Errorf("none is named: %v", err)
	}
	if mine(t) != before {
		t.Error("to check has moved the thread")
	}
}

// Run says so when its processors have gone since.
func TestRunWithoutItsProcessors(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	l, err := NewLoop(LoopConfig{CPUs: []int{1023}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Run(&seat{t: t, loop: l}); err == nil || !strings.Contains(err.Error(), "sched_setaffinity") {
		t.Errorf("Run: %v, want sched_setaffinity's error", err)
	}
}
