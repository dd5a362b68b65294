//go:build linux

package ring

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// A loop that stays on a processor has it for itself when whoever starts the process keeps the
// rest of it away from there: taskset(1), CPUAffinity= of systemd. See sched_setaffinity(2).

// affinity is where a loop's thread was allowed to run before the loop came.
type affinity struct {
	before unix.CPUSet
	moved  bool
}

// keepTo moves the calling thread, which must be locked, to the processors, if any are named.
func (a *affinity) keepTo(cpus []int) error {
	if len(cpus) == 0 {
		return nil
	}
	var set unix.CPUSet
	for _, n := range cpus {
		if n < 0 || n >= len(set)*64 {
			return cpuError(cpus, unix.EINVAL)
		}
		set.Set(n)
	}
	err := unix.SchedGetaffinity(0, &a.before)
	if err == nil {
		err = unix.SchedSetaffinity(0, &set)
	}
	if err != nil {
		return cpuError(cpus, err)
	}
	a.moved = true
	return nil
}

// leave undoes it: the thread goes on with other goroutines.
func (a *affinity) leave() {
	if a.moved {
		_ = unix.SchedSetaffinity(0, &a.before) // where it came from
		a.moved = false
	}
}

// CheckCPUs reports why a loop could not run on these processors: see [LoopConfig].
func CheckCPUs(cpus []int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var a affinity
	defer a.leave()
	return a.keepTo(cpus)
}

func cpuError(cpus []int, err error) error {
	return &Error{Kind: Failed, Op: "sched_setaffinity", Err: err,
		Cause:  fmt.Sprintf("no processor of %v is there for this process", cpus),
		Remedy: "see Cpus_allowed_list in /proc/self/status"}
}
