//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestStartOnPins(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("needs two processors")
	}
	var before unix.CPUSet
	unix.SchedGetaffinity(0, &before)
	for _, cpu := range []int{0, 1} {
		cmd := exec.Command("grep", "Cpus_allowed_list", "/proc/self/status")
		var out strings.Builder
		cmd.Stdout = &out
		if err := startOn(cmd, cpus{cpu}); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if want := fmt.Sprintf("Cpus_allowed_list:\t%d\n", cpu); out.String() != want {
			t.Errorf("child got %q, want %q", out.String(), want)
		}
	}
	var after unix.CPUSet
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	unix.SchedGetaffinity(0, &after)
	if before != after {
		t.Errorf("this thread is left on %v, was on %v", after, before)
	}
}

func TestStartServerThatEnds(t *testing.T) {
	cmd := exec.Command("sh", "-c", "echo cannot do it >&2; exit 3")
	_, err := startServer(context.Background(), cmd, "127.0.0.1:1", &profiles[0], false, nil)
	if err == nil || !strings.Contains(err.Error(), "cannot do it") || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("got %v, want the exit status and what it printed", err)
	}
}

func TestStartServerThatHangs(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	cmd := exec.Command("sleep", "60")
	start := time.Now()
	if _, err := startServer(ctx, cmd, "127.0.0.1:1", &profiles[0], false, nil); err == nil {
		t.Error("no error")
	}
	if cmd.ProcessState == nil || time.Since(start) > 5*time.Second {
		t.Error("the child was left running")
	}
}
