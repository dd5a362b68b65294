//go:build linux

package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/process"
)

func TestChoose(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all) != len(contestants) {
		t.Errorf("all: %s, %v", names(all), err)
	}
	some, err := choose("limit, ringwire")
	if err != nil || names(some) != "limit, ringwire" {
		t.Errorf("some: %s, %v", names(some), err)
	}
	if _, err := choose("apache"); err == nil || !strings.Contains(err.Error(), "fasthttp") {
		t.Errorf("unknown: %v, want the list", err)
	}
}

func TestChooseProfiles(t *testing.T) {
	all, err := chooseProfiles("")
	if err != nil || len(all) != len(profiles) {
		t.Errorf("all: %d, %v", len(all), err)
	}
	some, err := chooseProfiles("idle,keepalive")
	if err != nil || len(some) != 2 || some[0].name != "idle" {
		t.Errorf("some: %v, %v", some, err)
	}
	if _, err := chooseProfiles("nonsense"); err == nil || !strings.Contains(err.Error(), "baseline-chunked") {
		t.Errorf("unknown: %v, want the list", err)
	}
}

func TestStartCommand(t *testing.T) {
	for _, c := range []struct{ name, args string }{
		{subject, "/bin/arena -addr 127.0.0.1:1 -driver uring"},
		{netpoll, "/bin/arena -addr 127.0.0.1:1 -driver netpoll"},
		{floor, "/bin/limit -addr 127.0.0.1:1"},
		{"fasthttp", "/bin/fasthttp -addr 127.0.0.1:1 -timeouts=false"},
	} {
		list, err := choose(c.name)
		if err != nil {
			t.Fatal(err)
		}
		cmd, err := list[0].start("/bin", t.TempDir(), "127.0.0.1:1", 2, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(cmd.Args, " "); got != c.args {
			t.Errorf("%s: %q, want %q", c.name, got, c.args)
		}
		if !slices.Contains(cmd.Env, "GOMAXPROCS=2") {
			t.Errorf("%s: GOMAXPROCS is not set", c.name)
		}
	}
}

// Every package that a contestant names exists: a typo must not wait for the next full run.
func TestPackagesExist(t *testing.T) {
	for _, c := range contestants {
		if c.pkg == "" {
			continue
		}
		if _, err := os.Stat("../" + c.pkg); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestExclusions(t *testing.T) {
	excluded := map[string]string{}
	for _, p := range profiles {
		for _, c := range contestants {
			if p.excludes(&c) != "" {
				excluded[p.name] += c.name + " "
			}
		}
	}
	for name, want := range map[string]string{
		"keepalive": "", "pipelined": "", "idle": "", "churn": "",
		"churn-close": "limit gnet ", "json": "limit gnet nginx ", "upload": "limit gnet nginx ",
	} {
		if excluded[name] != want {
			t.Errorf("%s: %q left out, want %q", name, excluded[name], want)
		}
	}
}

func TestNginxConf(t *testing.T) {
	addr, err := process.FreeAddr() // nginx -t binds it
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := string(nginxConf(dir, addr, 2, false))
	for _, want := range []string{"worker_processes 2;", "listen " + addr + " ", "pid " + dir + "/nginx.pid;"} {
		if !strings.Contains(conf, want) {
			t.Errorf("no %q in\n%s", want, conf)
		}
	}
	if strings.Contains(conf, "user ") {
		t.Error("a user directive, which only root may set")
	}
	cmd, err := nginx(dir, addr, 1)
	if err != nil {
		t.Skip(err)
	}
	check := exec.Command(cmd.Path, append(cmd.Args[1:], "-t")...)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("nginx refuses its configuration: %v\n%s", err, out)
	}
}
