//go:build linux

package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	if list, err := choose(""); err != nil || len(list) != len(contestants) {
		t.Errorf("all: %v, %v", names(list), err)
	}
	if list, err := choose("nethttp, ringwire"); err != nil || names(list) != "nethttp, ringwire" {
		t.Errorf("two: %v, %v", names(list), err)
	}
	if _, err := choose("ringwire,nginx"); err == nil || !strings.Contains(err.Error(), "nginx") {
		t.Errorf("got %v, want the name that is none", err)
	}
}

func TestBothDriversAreJudged(t *testing.T) {
	for _, c := range contestants {
		if c.judged != strings.HasPrefix(c.name, "ringwire") {
			t.Errorf("%s: judged %v", c.name, c.judged)
		}
	}
}

func TestStartHasTheCollectorsDefaults(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GODEBUG"} {
		t.Setenv(name, "100")
	}
	cmd := contestants[0].start("bin", "127.0.0.1:1", false)
	if slices.ContainsFunc(cmd.Env, func(s string) bool { return strings.HasPrefix(s, "GO") && strings.HasSuffix(s, "=100") }) {
		t.Errorf("environment %q", cmd.Env)
	}
	if got := strings.Join(cmd.Args, " "); got != "bin/arena -addr 127.0.0.1:1 -audit -driver uring" {
		t.Errorf("command %q", got)
	}
	planted := contestant{command: func() *exec.Cmd { return exec.Command("x", "y") }}
	cmd = planted.start("", "a:1", true)
	if !slices.Contains(cmd.Env, "GODEBUG=memprofilerate=1") || len(cmd.Env) < len(os.Environ())/2 || strings.Join(cmd.Args, " ") != "x y -addr a:1 -audit" {
		t.Errorf("%q with %q", cmd.Args, cmd.Env)
	}
}

func TestBuildFails(t *testing.T) {
	if err := build(t.TempDir(), []contestant{{pkg: "nowhere"}}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
	if err := build("", []contestant{{}}); err != nil {
		t.Errorf("nothing to build: %v", err)
	}
}
