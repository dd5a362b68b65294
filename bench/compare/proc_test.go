//go:build linux

package main

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	user, system, err := parseStat([]byte("4284 (odd) name) R 4229 4229 2379 0 -1 4194304 102 0 0 0 123 45 6 7 20 0 1 0 78248"))
	if err != nil || user != 1230*time.Millisecond || system != 450*time.Millisecond {
		t.Errorf("got %v, %v, %v, want 1.23 s and 0.45 s", user, system, err)
	}
	for _, bad := range []string{"", "1 (x) R 1", "4284 (x) R 1 2 3 4 5 6 7 8 9 10 a b"} {
		if _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestKilobytes(t *testing.T) {
	status := []byte("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1748 kB\n")
	if got := kilobytes(status, "VmRSS:"); got != 1748<<10 {
		t.Errorf("VmRSS: %d", got)
	}
	if got := kilobytes(status, "VmSwap:"); got != 0 {
		t.Errorf("a missing line: %d", got)
	}
}

func TestParseMachine(t *testing.T) {
	got := parseMachine([]byte("cpu  100 20 30 4000 500 6 7 80 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"))
	want := machine{busy: 1630 * time.Millisecond, steal: 800 * time.Millisecond} // 100+20+30+6+7 ticks, 80 ticks
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSpent(t *testing.T) {
	ms := time.Millisecond
	threads := map[string]bool{"1": true}
	for _, c := range []struct {
		name          string
		before, after usage
		user, system  time.Duration
	}{
		{"precise sum, split by ticks", usage{100 * ms, 10 * ms, 90 * ms, threads}, usage{300 * ms, 40 * ms, 160 * ms, threads}, 60 * ms, 140 * ms},
		{"too short for a tick", usage{threads: threads}, usage{exec: 3 * ms, threads: threads}, 0, 3 * ms},
		{"a thread has ended", usage{500 * ms, 10 * ms, 90 * ms, map[string]bool{"1": true, "2": true}}, usage{300 * ms, 40 * ms, 160 * ms, threads}, 30 * ms, 70 * ms},
		{"nothing happened", usage{exec: ms, threads: threads}, usage{exec: ms, threads: threads}, 0, 0},
	} {
		if user, system := spent(c.before, c.after); user != c.user || system != c.system {
			t.Errorf("%s: %v user, %v system, want %v, %v", c.name, user, system, c.user, c.system)
		}
	}
}

// A busy child is seen with its time, most of it user; and a child's child, too.
func TestReadUsageOfATree(t *testing.T) {
	cmd := exec.Command("sh", "-c", "i=0; (while :; do i=$((i+1)); done) & echo $!; wait")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := startOn(cmd, nil); err != nil {
		t.Fatal(err)
	}
	stdout.Read(make([]byte, 16)) // the grandchild runs
	pids := tree(cmd.Process.Pid)
	defer func() {
		for _, pid := range slices.Backward(pids) {
			p, _ := os.FindProcess(pid)
			p.Kill()
		}
		cmd.Wait()
	}()
	if len(pids) != 2 {
		t.Fatalf("tree %v, want the shell and its child", pids)
	}
	before, err := readUsage(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	after, err := readUsage(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	user, system := spent(before, after)
	if user+system < 50*time.Millisecond || user < system {
		t.Errorf("%v user and %v system in 500 ms of a busy loop", user, system)
	}
	mem, err := readMemory(cmd.Process.Pid)
	if err != nil || mem.rss < 500<<10 || mem.peak < mem.rss || mem.pss <= 0 || mem.pss > mem.rss {
		t.Errorf("memory %+v, %v", mem, err)
	}
}

func TestResetPeak(t *testing.T) {
	const size = 64 << 20
	gone, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	unix.Munmap(gone)
	before, _ := readMemory(os.Getpid())
	resetPeak(os.Getpid())
	after, _ := readMemory(os.Getpid())
	if after.peak > before.peak-size/2 {
		t.Errorf("peak %d before, %d after, with an RSS of %d: it still has what was given back", before.peak, after.peak, after.rss)
	}
}
