package main

import (
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-resume", "-jobs", "ring,load", "6.12", "7.4"})
	if err != nil || !reflect.DeepEqual(o.selected(), []minor{{6, 12}, {7, 4}}) || !o.resume || !reflect.DeepEqual(o.only(), []string{"ring", "load"}) {
		t.Errorf("got %+v, %v", o, err)
	}
	for args, want := range map[string]int{"": len(known), "-short": len(shortly), "-image x": 0} {
		o, err := parse(strings.Fields(args))
		if err != nil || len(o.selected()) != want {
			t.Errorf("%q: got %v, %v, want %d kernels", args, o.selected(), err, want)
		}
	}
	stderr := os.Stderr
	defer func() { os.Stderr = stderr }()
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		defer null.Close()
		os.Stderr = null
	}
	for _, args := range []string{"6", "6.12.1", "trixie", "-no-such-flag"} {
		if o, err := parse([]string{args}); err == nil {
			t.Errorf("%q: got %+v", args, o)
		}
	}
}

// Where there is no emulator the reason is told, and it is no failure.
func TestRunWithoutEmulator(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	o := &options{dir: t.TempDir(), machine: machine{console: io.Discard}}
	var no cannot
	if ok, err := run(context.Background(), o); ok || !errors.As(err, &no) || !strings.Contains(err.Error(), emulator) {
		t.Errorf("got %v, %v", ok, err)
	}
}

// Jobs have names of their own, and a time that the emulated machine can do with.
func TestTasks(t *testing.T) {
	seen := map[string]bool{}
	for i := range tasks {
		job := tasks[i].job()
		if job.Name == "" || seen[job.Name] || job.Seconds < 30 {
			t.Errorf("%+v", job)
		}
		seen[job.Name] = true
		if tasks[i].tests != isTests(&job) {
			t.Errorf("%s: a test binary is taken for a program, or the other way round", job.Name)
		}
	}
	if _, err := buildSuite(context.Background(), ".", t.TempDir(), []string{"no-such-job"}); err == nil {
		t.Error("a job that is unknown is no error")
	}
}
