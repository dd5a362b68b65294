package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/guest"
	"github.com/ringwire/ringwire/internal/wire"
)

// boot is process 1: it prepares the machine, runs the plan and turns the power off.
func boot() {
	if err := prepare(); err != nil {
		fmt.Println("guest:", err)
	}
	if err := runPlan(); err != nil {
		fmt.Println("guest:", err)
	}
	syscall.Sync()
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	select {} // to end would be a kernel panic
}

// prepare mounts what programs expect and brings the loopback device up. It goes on after
// an error: what is missing shows in the tests.
func prepare() error {
	var first error
	for _, m := range []struct{ dir, fs string }{
		{"/proc", "proc"}, {"/sys", "sysfs"}, {"/dev", "devtmpfs"}, {"/tmp", "tmpfs"}, {"/run", "tmpfs"},
	} {
		err := os.MkdirAll(m.dir, 0o755)
		if err == nil {
			err = unix.Mount(m.fs, m.dir, m.fs, 0, "")
		}
		if err != nil && first == nil {
			first = fmt.Errorf("mounting %s: %w", m.dir, err)
		}
	}
	if err := wire.Loopback(); err != nil && first == nil {
		first = fmt.Errorf("lo: %w", err)
	}
	return first
}

func runPlan() error {
	text, err := os.ReadFile(guest.PlanFile)
	if err != nil {
		return err
	}
	var plan guest.Plan
	if err := json.Unmarshal(text, &plan); err != nil {
		return err
	}
	for _, name := range plan.Modules {
		if err := insert(name); err != nil {
			fmt.Printf("guest: module %s: %v\n", filepath.Base(name), err)
		}
	}
	for i := range plan.Jobs {
		out := run(&plan.Jobs[i])
		if err := (guest.Event{Done: &out}).Write(os.Stdout); err != nil {
			return err
		}
	}
	return guest.Event{End: true}.Write(os.Stdout)
}

// insert loads a module (finit_module(2)).
func insert(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != unix.EEXIST {
		return err
	}
	return nil
}

// run runs a job. What is an event in its output passes through.
func run(job *guest.Job) guest.Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(job.Seconds)*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, job.Program, job.Args...)
	cmd.Env = []string{"PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp"}
	for k, v := range job.Env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	if cmd.Dir = job.Dir; cmd.Dir == "" {
		cmd.Dir = "/tmp"
	}
	cmd.WaitDelay = time.Second
	var tally guest.Tally
	cmd.Stdout, cmd.Stderr = &tally, &tally
	start := time.Now()
	err := cmd.Run()
	out := guest.Outcome{Job: job.Name, Seconds: time.Since(start).Seconds(), Output: tally.Output()}
	out.Passed, out.Failed, out.Skipped = tally.Passed, tally.Failed, tally.Skipped
	switch {
	case ctx.Err() != nil:
		out.Error = fmt.Sprintf("killed after %d s", job.Seconds)
	case err != nil:
		out.Error = err.Error()
	}
	for _, e := range tally.Events {
		_ = e.Write(os.Stdout)
	}
	return out
}
