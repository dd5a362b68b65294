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

	"github.com/ringwire/ringwire/bench/internal/secret"
)

// A contestant is a server that takes part.
type contestant struct {
	name string
	pkg  string   // package below bench to build; "" for one that is installed
	args []string // beside -addr

	parses bool // reads requests; one that does not can serve the fixed response only
	peer   bool // takes -timeouts
	tls    bool // takes part in HTTPS
	plain  bool // takes part there without TLS, so that its price is known
	uring  bool // needs io_uring

	// command makes the command line of an installed server; dir is a directory of its own.
	command func(dir, addr string, cores int, files secret.Files) (*exec.Cmd, error)
}

// The names that ratios and bars refer to.
const (
	subject = "ringwire" // what the others are compared with
	floor   = "limit"
	netpoll = "ringwire-netpoll"
	plain   = "ringwire-plain" // the subject's own plaintext
)

// contestants are all of them, in the order in which a round starts them.
var contestants = []contestant{
	{name: subject, pkg: "arena", args: []string{"-driver", "uring"}, parses: true, tls: true, uring: true},
	{name: netpoll, pkg: "arena", args: []string{"-driver", "netpoll"}, parses: true, tls: true},
	{name: plain, pkg: "arena", args: []string{"-driver", "uring"}, parses: true, plain: true, uring: true},
	{name: floor, pkg: "limit", uring: true},
	{name: "fasthttp", pkg: "peers/fasthttp", parses: true, tls: true, peer: true},
	{name: "gnet", pkg: "peers/gnet", peer: true},
	{name: "nbio", pkg: "peers/nbio", parses: true, peer: true},
	{name: "hertz", pkg: "peers/hertz", parses: true, peer: true},
	{name: "nethttp", pkg: "peers/nethttp", parses: true, tls: true, peer: true},
	{name: "nginx", command: nginx, tls: true},
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
	if c.command != nil {
		if _, err := c.command(os.TempDir(), "127.0.0.1:1", 1, secret.Files{}); err != nil {
			return err.Error()
		}
	}
	return ""
}

// start is the command line that serves on addr with the given number of cores, over TLS if there are files.
func (c *contestant) start(bin, dir, addr string, cores int, timeouts bool, files secret.Files) (*exec.Cmd, error) {
	if c.command != nil {
		return c.command(dir, addr, cores, files)
	}
	args := append([]string{"-addr", addr}, c.args...)
	if c.peer {
		args = append(args, fmt.Sprintf("-timeouts=%v", timeouts))
	}
	if files != (secret.Files{}) {
		args = append(args, "-cert", files.Cert, "-key", files.Key)
	}
	cmd := exec.Command(filepath.Join(bin, filepath.Base(c.pkg)), args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores))
	return cmd, nil
}

// build compiles every package that the contestants and the load generator need into dir.
func build(dir string, list []contestant) error {
	pkgs := []string{"./load"}
	for _, c := range list {
		if p := "./" + c.pkg; c.pkg != "" && !slices.Contains(pkgs, p) {
			pkgs = append(pkgs, p)
		}
	}
	cmd := exec.Command("go", append([]string{"build", "-o", dir + "/"}, pkgs...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build (run this in bench, or as go -C bench run ./compare): %w\n%s", err, out)
	}
	return nil
}
