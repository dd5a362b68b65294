//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringwire/ringwire/ring"
)

// A contestant is a server that is measured.
type contestant struct {
	name   string
	pkg    string // package below bench
	args   []string
	judged bool // held to the bars; the others stand beside it for comparison
	uring  bool // needs io_uring

	command func() *exec.Cmd // of a program that is there; tests plant theirs
}

var contestants = []contestant{
	{name: "ringwire", pkg: "arena", args: []string{"-driver", "uring"}, judged: true, uring: true},
	{name: "ringwire-netpoll", pkg: "arena", args: []string{"-driver", "netpoll"}, judged: true},
	{name: "fasthttp", pkg: "peers/fasthttp"},
	{name: "nethttp", pkg: "peers/nethttp"},
}

// choose returns the contestants of a comma-separated list, all for "".
func choose(list string) ([]contestant, error) {
	if list == "" {
		return contestants, nil
	}
	var chosen []contestant
	for _, name := range strings.Split(list, ",") {
		i := slices.IndexFunc(contestants, func(c contestant) bool { return c.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("-peers: %q is none of %s", name, names(contestants))
		}
		chosen = append(chosen, contestants[i])
	}
	return chosen, nil
}

func names(list []contestant) string {
	var s []string
	for _, c := range list {
		s = append(s, c.name)
	}
	return strings.Join(s, ", ")
}

// absent says why a contestant cannot take part on this machine, "" if it can.
func (c *contestant) absent() string {
	if c.uring {
		if err := ring.Available(); err != nil {
			return err.Error()
		}
	}
	return ""
}

// start is the command line that serves on addr and answers an audit. With profiled every allocation is profiled,
// which makes it slow.
func (c *contestant) start(bin, addr string, profiled bool) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, filepath.Base(c.pkg)))
	if c.command != nil {
		cmd = c.command()
	}
	cmd.Args = append(cmd.Args, append([]string{"-addr", addr, "-audit"}, c.args...)...)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	// The collector runs as it does by default, whatever is set for this program.
	cmd.Env = slices.DeleteFunc(cmd.Env, func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		return name == "GOGC" || name == "GOMEMLIMIT" || name == "GODEBUG"
	})
	if profiled {
		cmd.Env = append(cmd.Env, "GODEBUG=memprofilerate=1")
	}
	return cmd
}

// build compiles the contestants' packages into dir.
func build(dir string, list []contestant) error {
	var pkgs []string
	for _, c := range list {
		if p := "./" + c.pkg; c.pkg != "" && !slices.Contains(pkgs, p) {
			pkgs = append(pkgs, p)
		}
	}
	if len(pkgs) == 0 {
		return nil
	}
	cmd := exec.Command("go", append([]string{"build", "-o", dir + "/"}, pkgs...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build (run this in bench, or as go -C bench run ./certificate): %w\n%s", err, out)
	}
	return nil
}
