//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// record is what a run leaves behind: every single measurement, and where it was made.
type record struct {
	Meta    meta     `json:"meta"`
	Samples []sample `json:"samples"`
}

type meta struct {
	Time     time.Time `json:"time"`
	Kernel   string    `json:"kernel"`
	CPU      string    `json:"cpu"`
	Cores    int       `json:"cores"`
	Go       string    `json:"go"`
	Wrk      string    `json:"wrk"`
	Commit   string    `json:"commit"`
	Peers    []string  `json:"peers"` // modules and versions
	Absent   []string  `json:"absent,omitempty"`
	Rounds   int       `json:"rounds"`
	Duration string    `json:"duration"`
	Timeouts bool      `json:"timeouts"`
	Short    bool      `json:"short"`
	Load     string    `json:"load"` // load averages at the start

	Interrupted string `json:"interrupted,omitempty"` // when
}

func describe(o *options, wrk string) meta {
	m := meta{Time: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Go: runtime.Version(), Wrk: wrk,
		Rounds: o.rounds, Duration: o.duration.String(), Timeouts: o.timeouts, Short: o.short}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, after, _ := strings.Cut(string(b), "model name")
		line, _, _ := strings.Cut(after, "\n")
		m.CPU = strings.TrimLeft(line, "\t :")
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(b))[:3], " ")
	}
	m.Commit = output("git", "describe", "--always", "--dirty", "--exclude=*")
	m.Peers = strings.Split(output("go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "github.com/valyala/fasthttp",
		"github.com/panjf2000/gnet/v2", "github.com/lesismal/nbio", "github.com/cloudwego/hertz",
		"github.com/gorilla/websocket", "github.com/gobwas/ws", "github.com/coder/websocket", "github.com/lxzan/gws"), "\n")
	return m
}

// output is what a command prints, "" when it fails: a description may be incomplete.
func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func readRecord(name string) (*record, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	rec := new(record)
	if err := json.Unmarshal(b, rec); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rec, nil
}

// failed joins the measurements that did not work out.
func (r *record) failed() error {
	var errs []error
	for _, s := range r.Samples {
		if s.Failure != "" {
			errs = append(errs, fmt.Errorf("%s, %s: %s", s.Profile, s.Contestant, s.Failure))
		}
	}
	return errors.Join(errs...)
}
