//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is the CPU time of a process tree. exec is precise but has no split and misses threads that have ended;
// user and system are what the clock tick happened to interrupt, scaled by the kernel to the precise sum.
type usage struct {
	exec         time.Duration
	user, system time.Duration
	threads      map[string]bool
}

// spent is the CPU time between two readings: the precise sum, split as the ticks say.
func spent(before, after usage) (user, system time.Duration) {
	user, system = after.user-before.user, after.system-before.system
	total := after.exec - before.exec
	for id := range before.threads {
		if !after.threads[id] { // took its share of exec with it
			return user, system
		}
	}
	switch ticks := user + system; {
	case total > 0 && ticks == 0: // too short for a split
		system = total
	case total > 0:
		user = time.Duration(float64(total) * float64(user) / float64(ticks))
		system = total - user
	}
	return user, system
}

// readUsage sums up a process, its threads and its descendants.
func readUsage(pid int) (usage, error) {
	u := usage{threads: map[string]bool{}}
	for _, p := range tree(pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			return u, err
		}
		user, system, err := parseStat(stat)
		if err != nil {
			return u, err
		}
		u.user += user
		u.system += system
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", p))
		if err != nil {
			return u, err
		}
		for _, task := range tasks {
			b, err := os.ReadFile(task + "/schedstat")
			if err != nil {
				continue // has just ended
			}
			ns, err := strconv.ParseInt(string(bytes.Fields(b)[0]), 10, 64)
			if err != nil {
				return u, fmt.Errorf("parse %s/schedstat: %w", task, err)
			}
			u.exec += time.Duration(ns)
			u.threads[task] = true
		}
	}
	return u, nil
}

const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on

// parseStat takes utime and stime from /proc/pid/stat, whose second field may hold spaces and parentheses.
func parseStat(stat []byte) (user, system time.Duration, err error) {
	i := bytes.LastIndexByte(stat, ')')
	f := bytes.Fields(stat[i+1:])
	if i < 0 || len(f) < 13 {
		return 0, 0, fmt.Errorf("parse /proc/pid/stat: %q", stat)
	}
	utime, err1 := strconv.ParseInt(string(f[11]), 10, 64)
	stime, err2 := strconv.ParseInt(string(f[12]), 10, 64)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("parse /proc/pid/stat: %q", stat)
	}
	return time.Duration(utime) * tick, time.Duration(stime) * tick, nil
}

// tree is a process and its descendants: nginx serves from a child.
func tree(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		for _, name := range files {
			b, _ := os.ReadFile(name)
			for _, f := range strings.Fields(string(b)) {
				if child, err := strconv.Atoi(f); err == nil {
					pids = append(pids, child)
				}
			}
		}
	}
	return pids
}

// memory of a process tree in bytes.
type memory struct{ rss, peak, pss int64 }

func readMemory(pid int) (memory, error) {
	var m memory
	for _, p := range tree(pid) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
		if err != nil {
			return m, err
		}
		m.rss += kilobytes(status, "VmRSS:")
		m.peak += kilobytes(status, "VmHWM:")
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			return m, err
		}
		m.pss += kilobytes(rollup, "Pss:")
	}
	return m, nil
}

// kilobytes returns the value of a "Name:   123 kB" line in bytes, 0 if there is none.
func kilobytes(b []byte, name string) int64 {
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}

// resetPeak makes VmHWM start from the present RSS.
func resetPeak(pid int) {
	for _, p := range tree(pid) {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p), []byte("5"), 0) // best effort: else the peak includes the warm-up
	}
}

// machine is the CPU time of the whole machine: what everybody used, and what the hypervisor took.
type machine struct{ busy, steal time.Duration }

func readMachine() machine {
	b, _ := os.ReadFile("/proc/stat")
	return parseMachine(b)
}

// parseMachine reads the first line of /proc/stat: cpu user nice system idle iowait irq softirq steal …
func parseMachine(b []byte) (m machine) {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	f := bytes.Fields(line)
	for i, v := range f {
		n, _ := strconv.ParseInt(string(v), 10, 64)
		switch i {
		case 1, 2, 3, 6, 7:
			m.busy += time.Duration(n) * tick
		case 8:
			m.steal = time.Duration(n) * tick
		}
	}
	return m
}
