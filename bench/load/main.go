//go:build linux

// Command load makes the kinds of load that wrk does not: connections that come and go (churn), large request
// bodies (upload), connections that do nothing (idle), and WebSockets that are echoed to (ws-echo) or listen to a feed
// (ws-feed). It prints a result line, see package loadresult.
//
//	load churn   -addr 127.0.0.1:8080 -conns 64 -requests 10 -duration 4s
//	load churn   -addr 127.0.0.1:8443 -conns 64 -requests 1 -tls -resume
//	load upload  -addr 127.0.0.1:8080 -conns 64 -size 20000000
//	load idle    -addr 127.0.0.1:8080 -conns 10000 </dev/tty     # holds them until its input ends
//	load idle    -addr 127.0.0.1:8080 -conns 10000 -ws -deflate </dev/tty
//	load ws-echo -addr 127.0.0.1:8080 -conns 64 -size 64 -duration 4s </dev/null
//	load ws-feed -addr 127.0.0.1:8080 -conns 1000 -stall 100 </dev/null
package main

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// settings are the flags of all loads.
type settings struct {
	kind             string
	target           netip.AddrPort
	path             string
	conns, requests  int
	warmup, duration time.Duration
	size             int64
	stall            int

	serverCloses, tls, resume, chunked, ws, deflate bool
}

func parse(args []string) (*settings, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("usage: load churn|upload|idle|ws-echo|ws-feed [flags]")
	}
	s := &settings{kind: args[0]}
	size := int64(20_000_000)
	if s.kind == "ws-echo" {
		size = 64
	}
	fs := flag.NewFlagSet("load "+args[0], flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:8080", "`host:port` of the server, an IPv4 address")
	fs.IntVar(&s.conns, "conns", 64, "connections at once")
	fs.StringVar(&s.path, "path", "", "request target (default /upload for upload, /ws or /feed for WebSockets, /pipeline for the others)")
	fs.IntVar(&s.requests, "requests", 10, "churn: requests per connection")
	fs.DurationVar(&s.duration, "duration", 4*time.Second, "churn, ws-echo, ws-feed: how long")
	fs.DurationVar(&s.warmup, "warmup", 0, "ws-echo, ws-feed: load before that")
	fs.BoolVar(&s.serverCloses, "server-closes", false, "churn: the last request says Connection: close")
	fs.Int64Var(&s.size, "size", size, "upload: bytes of each body; ws-echo: of each message")
	fs.BoolVar(&s.tls, "tls", false, "churn, idle: over TLS")
	fs.BoolVar(&s.resume, "resume", false, "churn: resume the session of the connection before")
	fs.BoolVar(&s.chunked, "chunked", false, "upload: chunked instead of Content-Length")
	fs.BoolVar(&s.ws, "ws", false, "idle: WebSockets, each pinged once")
	fs.BoolVar(&s.deflate, "deflate", false, "idle: with compression agreed on")
	fs.IntVar(&s.stall, "stall", 0, "ws-feed: so many more connections, which never read")
	if err := fs.Parse(args[1:]); err != nil {
		return nil, err
	}
	var err error
	if s.target, err = netip.ParseAddrPort(*addr); err != nil || !s.target.Addr().Is4() {
		return nil, fmt.Errorf("-addr %q: need an IPv4 address and port", *addr)
	}
	return s, s.check()
}

func (s *settings) check() error {
	switch {
	case s.resume && !s.tls:
		return fmt.Errorf("-resume needs -tls")
	case s.deflate && !s.ws, s.ws && s.tls:
		return fmt.Errorf("-deflate needs -ws, and that goes without -tls")
	case s.conns < 1 || s.requests < 1 || s.size < 0 || s.stall < 0:
		return fmt.Errorf("-conns and -requests must be positive, -size and -stall not negative")
	case s.kind == "ws-echo" && (s.size < 1 || s.size > maxMessage):
		return fmt.Errorf("-size %d: a message has 1 to %d bytes", s.size, maxMessage)
	}
	return nil
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	var result loadresult.Result
	switch s.kind {
	case "churn":
		result, err = (&churn{target: s.target, path: or(s.path, "/pipeline"), conns: s.conns, perConn: s.requests,
			duration: s.duration, serverCloses: s.serverCloses, tls: s.tls, resume: s.resume}).run()
	case "upload":
		result, err = (&upload{target: s.target, path: or(s.path, "/upload"), conns: s.conns, size: s.size, chunked: s.chunked}).run()
	case "idle":
		path := or(s.path, "/pipeline")
		if s.ws {
			path = or(s.path, websock.EchoPath)
		}
		result, err = (&idle{target: s.target, path: path, conns: s.conns, tls: s.tls, ws: s.ws, deflate: s.deflate}).run(stdin, stdout)
	case "ws-echo":
		return newEcho(s).run(stdin, stdout)
	case "ws-feed":
		return newFeed(s).run(stdin, stdout)
	default:
		return fmt.Errorf("unknown load %q: churn, upload, idle, ws-echo or ws-feed", s.kind)
	}
	if err != nil {
		return err
	}
	return result.Print(stdout)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
