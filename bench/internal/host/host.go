//go:build linux

// Package host describes the machine and the code that a figure comes from.
package host

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Host is where and when something was measured. What cannot be found out is empty.
type Host struct {
	Time   time.Time `json:"time"`
	Kernel string    `json:"kernel"`
	CPU    string    `json:"cpu"`
	Cores  int       `json:"cores"`
	Go     string    `json:"go"`
	Commit string    `json:"commit"`
	Load   string    `json:"load"` // load averages
}

// Describe looks at this machine, and at the checkout that is the working directory.
func Describe() Host {
	h := Host{Time: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Go: runtime.Version()}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		h.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		h.CPU = model(string(b))
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		h.Load = strings.Join(strings.Fields(string(b))[:3], " ")
	}
	if out, err := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output(); err == nil {
		h.Commit = strings.TrimSpace(string(out))
	}
	return h
}

// model is the processor's name in /proc/cpuinfo.
func model(cpuinfo string) string {
	_, after, _ := strings.Cut(cpuinfo, "model name")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimLeft(line, "\t :")
}
