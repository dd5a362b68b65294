package host

import (
	"errors"
	"math"
	"path"
	"strconv"
	"strings"
)

// Cgroup is what control groups leave to this process, the narrowest on the way up.
type Cgroup struct {
	Memory     uint64 // bytes; Unlimited if nothing bounds it
	MemoryFrom Fact
	CPUs       float64 // processors' worth of time; +Inf if nothing bounds it
	CPUsFrom   Fact
}

var errNoLimit = errors.New("no limit is set there, nor above")

// Cgroup reads the limits of version 2, or 1 where a controller is mounted that way.
func (at FS) Cgroup() Cgroup {
	c := Cgroup{Memory: Unlimited, CPUs: math.Inf(1)}
	own := at.Read("/proc/self/cgroup")
	c.MemoryFrom, c.CPUsFrom = own, own
	if own.Err != nil {
		return c
	}
	paths := controllers(own.Value)
	mem, cpu := at.dirs(paths, "memory"), at.dirs(paths, "cpu")
	c.MemoryFrom = Fact{Source: mem[0], Err: errNoLimit}
	c.CPUsFrom = Fact{Source: cpu[0], Err: errNoLimit}
	for _, dir := range mem {
		for _, name := range []string{"memory.max", "memory.limit_in_bytes"} {
			f := at.Read(path.Join(dir, name))
			// Version 1 says "none" by a number near 2^63.
			if n, err := strconv.ParseUint(f.Value, 10, 64); f.Err == nil && err == nil && n < c.Memory && n < 1<<62 {
				c.Memory, c.MemoryFrom = n, f
			}
		}
	}
	for _, dir := range cpu {
		if f, n := at.quota(dir); n < c.CPUs {
			c.CPUs, c.CPUsFrom = n, f
		}
	}
	return c
}

// controllers maps each of /proc/self/cgroup's hierarchies to this process's place in it, "" being version 2's.
func controllers(text string) map[string]string {
	paths := map[string]string{}
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // cgroups(7): id:controllers:path
		if len(parts) != 3 {
			continue
		}
		for name := range strings.SplitSeq(parts[1], ",") {
			paths[name] = parts[2]
		}
	}
	return paths
}

// dirs are the directories of a controller from this process's own up to the root. In a container the path is
// often one of the machine's that cannot be seen from inside: then only the root is there.
func (at FS) dirs(paths map[string]string, controller string) []string {
	root, own := "/sys/fs/cgroup", paths[""]
	if p, v1 := paths[controller]; v1 {
		root, own = path.Join(root, controller), p
	}
	var dirs []string
	for dir := path.Join(root, own); len(dir) >= len(root); dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	return dirs
}

// quota is the processor time of one group: cpu.max is "quota period" or "max period"; version 1 has two files.
func (at FS) quota(dir string) (Fact, float64) {
	f := at.Read(path.Join(dir, "cpu.max"))
	fields := strings.Fields(f.Value)
	if f.Err != nil {
		f = at.Read(path.Join(dir, "cpu.cfs_quota_us"))
		fields = append(strings.Fields(f.Value), at.Read(path.Join(dir, "cpu.cfs_period_us")).Value)
	}
	if f.Err != nil || len(fields) != 2 {
		return f, math.Inf(1)
	}
	quota, qerr := strconv.ParseFloat(fields[0], 64)
	period, perr := strconv.ParseFloat(fields[1], 64)
	if qerr != nil || perr != nil || quota <= 0 || period <= 0 {
		return f, math.Inf(1)
	}
	f.Value = fields[0] + " of " + fields[1] + " µs"
	return f, quota / period
}
