//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ringwire/ringwire/ring"

	"github.com/ringwire/ringwire/bench/internal/bareloop"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// A contestant is a server that takes part.
type contestant struct {
	name string
	pkg  string   // package below bench to build; "" for one that is installed
	args []string // beside -addr

	http   bool // takes part in HTTP
	parses bool // reads requests; one that does not can serve the fixed response only
	peer   bool // takes -timeouts
	tls    bool // takes part in HTTPS
	plain  bool // takes part there without TLS, so that its price is known
	uring  bool // needs io_uring

	// Of the WebSocket profiles. The floors do one thing each.
	echo, feed, deflate bool
	wsArgs              []string // beside args

	// command makes the command line of an installed server; dir is a directory of its own.
	command func(dir, addr string, cores int, files secret.Files) (*exec.Cmd, error)

	bare bool // package bareloop's program
}

// The names that ratios and bars refer to.
const (
	subject = "ringwire" // what the others are compared with
	floor   = "limit"
	netpoll = "ringwire-netpoll"
	plain   = "ringwire-plain" // the subject's own plaintext

	bareRing = "bare-ring" // the floors of a broadcast, in C
	bareSend = "bare-send"
)

// contestants are all of them, in the order in which a round starts them.
var contestants = []contestant{
	{name: subject, pkg: "arena", args: []string{"-driver", "uring"}, http: true, parses: true, tls: true, uring: true, echo: true, feed: true, deflate: true},
	{name: netpoll, pkg: "arena", args: []string{"-driver", "netpoll"}, http: true, parses: true, tls: true, echo: true, feed: true, deflate: true},
	{name: plain, pkg: "arena", args: []string{"-driver", "uring"}, http: true, parses: true, plain: true, uring: true},
	{name: floor, pkg: "limit", http: true, uring: true, echo: true, wsArgs: []string{"-ws"}},
	{name: bareRing, bare: true, args: []string{"-mode", "ring"}, feed: true, uring: true},
	{name: bareSend, bare: true, args: []string{"-mode", "send"}, feed: true},
	{name: "fasthttp", pkg: "peers/fasthttp", http: true, parses: true, tls: true, peer: true},
	{name: "gnet", pkg: "peers/gnet", http: true, peer: true},
	{name: "nbio", pkg: "peers/nbio", http: true, parses: true, peer: true, echo: true, feed: true, deflate: true},
	{name: "hertz", pkg: "peers/hertz", http: true, parses: true, peer: true},
	{name: "nethttp", pkg: "peers/nethttp", http: true, parses: true, tls: true, peer: true},
	{name: "nginx", command: nginx, http: true, tls: true},
	{name: "gobwas", pkg: "peers/gobwas", peer: true, echo: true, feed: true, deflate: true},
	{name: "gws", pkg: "peers/gws", peer: true, echo: true, feed: true, deflate: true},
	{name: "gorilla", pkg: "peers/gorilla", peer: true, echo: true, feed: true, deflate: true},
	{name: "coder", pkg: "peers/coder", peer: true, echo: true, feed: true, deflate: true},
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
	if c.bare {
		if err := bareloop.Missing(); err != nil {
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

// start is the command line that serves a profile on addr, over TLS if there are files.
func (c *contestant) start(bin, dir, addr string, p *profile, timeouts bool, files secret.Files) (*exec.Cmd, error) {
	if c.command != nil {
		return c.command(dir, addr, p.cores, files)
	}
	args := append([]string{"-addr", addr}, c.args...)
	if p.isWebSocket() {
		args = append(args, c.wsArgs...)
	}
	if p.hz > 0 {
		args = append(args, "-hz", strconv.Itoa(p.hz))
	}
	if c.peer {
		args = append(args, fmt.Sprintf("-timeouts=%v", timeouts))
	}
	if files != (secret.Files{}) {
		args = append(args, "-cert", files.Cert, "-key", files.Key)
	}
	program := filepath.Base(c.pkg)
	if c.bare {
		program = bareProgram
	}
	cmd := exec.Command(filepath.Join(bin, program), args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", p.cores))
	return cmd, nil
}

// bareProgram is what package bareloop's program is called.
const bareProgram = "broadcast"

// build compiles every package that the contestants and the load generator need into dir.
func build(dir string, list []contestant) error {
	if slices.ContainsFunc(list, func(c contestant) bool { return c.bare }) {
		if err := bareloop.Compile(filepath.Join(dir, bareProgram)); err != nil {
			return err
		}
	}
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
