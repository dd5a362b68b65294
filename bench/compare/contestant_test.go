//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/process"
	"github.com/ringwire/ringwire/bench/internal/secret"
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
	all, err := chooseProfiles("", false)
	if err != nil || len(all) != len(profiles) {
		t.Errorf("all: %d, %v", len(all), err)
	}
	quick, err := chooseProfiles("", true)
	if err != nil || len(quick) >= len(profiles) || slices.ContainsFunc(quick, func(p profile) bool { return p.long }) {
		t.Errorf("short: %d, %v", len(quick), err)
	}
	some, err := chooseProfiles("idle,keepalive", false)
	if err != nil || len(some) != 2 || some[0].name != "idle" {
		t.Errorf("some: %v, %v", some, err)
	}
	if _, err := chooseProfiles("nonsense", false); err == nil || !strings.Contains(err.Error(), "baseline-chunked") {
		t.Errorf("unknown: %v, want the list", err)
	}
}

func TestStartCommand(t *testing.T) {
	for _, c := range []struct {
		name, args string
		files      secret.Files
		profile    string
	}{
		{name: subject, args: "/bin/arena -addr 127.0.0.1:1 -driver uring"},
		{name: netpoll, args: "/bin/arena -addr 127.0.0.1:1 -driver netpoll"},
		{name: floor, args: "/bin/limit -addr 127.0.0.1:1"},
		{name: "fasthttp", args: "/bin/fasthttp -addr 127.0.0.1:1 -timeouts=false"},
		{name: subject, args: "/bin/arena -addr 127.0.0.1:1 -driver uring -cert c -key k", files: secret.Files{Cert: "c", Key: "k"}},
		{name: floor, args: "/bin/limit -addr 127.0.0.1:1 -ws", profile: "ws-echo-64x64"},
		{name: subject, args: "/bin/arena -addr 127.0.0.1:1 -driver uring -hz 12", profile: "ws-broadcast-5k-12hz"},
		{name: "gws", args: "/bin/gws -addr 127.0.0.1:1 -hz 12 -timeouts=false", profile: "ws-broadcast-5k-12hz"},
		{name: bareSend, args: "/bin/broadcast -addr 127.0.0.1:1 -mode send -hz 60", profile: "ws-broadcast-1k"},
	} {
		list, err := choose(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if c.profile == "" {
			c.profile = "twocore"
		}
		chosen, err := chooseProfiles(c.profile, false)
		if err != nil {
			t.Fatal(err)
		}
		cmd, err := list[0].start("/bin", t.TempDir(), "127.0.0.1:1", &chosen[0], false, c.files)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(cmd.Args, " "); got != c.args {
			t.Errorf("%s: %q, want %q", c.name, got, c.args)
		}
		if !slices.Contains(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", chosen[0].cores)) {
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
	const bare, sockets = "bare-ring bare-send ", "gobwas gws gorilla coder "
	const http = "ringwire-plain "
	for name, want := range map[string]string{
		"keepalive": "ringwire-plain " + bare + sockets, "pipelined": "ringwire-plain " + bare + sockets,
		"idle": "ringwire-plain " + bare + sockets, "churn": "ringwire-plain " + bare + sockets,
		"churn-close": "ringwire-plain limit " + bare + "gnet " + sockets, "json": "ringwire-plain limit " + bare + "gnet nginx " + sockets,
		"tls-keepalive": "limit " + bare + "gnet nbio hertz " + sockets, "tls-handshake": "ringwire-plain limit " + bare + "gnet nbio hertz " + sockets,
		"ws-echo-64x64":        http + bare + "fasthttp gnet hertz nethttp nginx ",
		"ws-broadcast-1k":      http + "limit fasthttp gnet hertz nethttp nginx ",
		"ws-broadcast-stalled": http + "limit fasthttp gnet hertz nethttp nginx gobwas gorilla coder ",
		"ws-idle":              http + bare + "fasthttp gnet hertz nethttp nginx ",
		"ws-idle-deflate":      http + "limit " + bare + "fasthttp gnet hertz nethttp nginx ",
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
	files, err := secret.Make(dir)
	if err != nil {
		t.Fatal(err)
	}
	conf := string(nginxConf(dir, addr, 2, files, false))
	for _, want := range []string{"worker_processes 2;", "listen " + addr + " ssl ", "pid " + dir + "/nginx.pid;"} {
		if !strings.Contains(conf, want) {
			t.Errorf("no %q in\n%s", want, conf)
		}
	}
	if strings.Contains(conf, "user ") {
		t.Error("a user directive, which only root may set")
	}
	cmd, err := nginx(dir, addr, 1, files)
	if err != nil {
		t.Skip(err)
	}
	check := exec.Command(cmd.Path, append(cmd.Args[1:], "-t")...)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("nginx refuses its configuration: %v\n%s", err, out)
	}
}
