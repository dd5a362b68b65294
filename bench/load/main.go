//go:build linux

// Command load makes the kinds of load that wrk does not: connections that come and go (churn), large request
// bodies (upload), and connections that do nothing (idle). It prints one result line, see package loadresult.
//
//	load churn  -addr 127.0.0.1:8080 -conns 64 -requests 10 -duration 4s
//	load churn  -addr 127.0.0.1:8443 -conns 64 -requests 1 -tls -resume
//	load upload -addr 127.0.0.1:8080 -conns 64 -size 20000000
//	load idle   -addr 127.0.0.1:8080 -conns 10000 </dev/tty     # holds them until its input ends
package main

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: load churn|upload|idle [flags]")
	}
	fs := flag.NewFlagSet("load "+args[0], flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:8080", "`host:port` of the server, an IPv4 address")
	conns := fs.Int("conns", 64, "connections at once")
	path := fs.String("path", "", "request target (default /upload for upload, /pipeline for the others)")
	requests := fs.Int("requests", 10, "churn: requests per connection")
	duration := fs.Duration("duration", 4*time.Second, "churn: how long")
	serverCloses := fs.Bool("server-closes", false, "churn: the last request says Connection: close")
	size := fs.Int64("size", 20_000_000, "upload: bytes of each body")
	secure := fs.Bool("tls", false, "churn, idle: over TLS")
	resume := fs.Bool("resume", false, "churn: resume the session of the connection before")
	chunked := fs.Bool("chunked", false, "upload: chunked instead of Content-Length")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	target, err := netip.ParseAddrPort(*addr)
	if err != nil || !target.Addr().Is4() {
		return fmt.Errorf("-addr %q: need an IPv4 address and port", *addr)
	}
	if *resume && !*secure {
		return fmt.Errorf("-resume needs -tls")
	}
	if *conns < 1 || *requests < 1 || *size < 0 {
		return fmt.Errorf("-conns and -requests must be positive, -size not negative")
	}
	var result loadresult.Result
	switch args[0] {
	case "churn":
		result, err = (&churn{target: target, path: or(*path, "/pipeline"), conns: *conns, perConn: *requests,
			duration: *duration, serverCloses: *serverCloses, tls: *secure, resume: *resume}).run()
	case "upload":
		result, err = (&upload{target: target, path: or(*path, "/upload"), conns: *conns, size: *size, chunked: *chunked}).run()
	case "idle":
		result, err = (&idle{target: target, path: or(*path, "/pipeline"), conns: *conns, tls: *secure}).run(stdin, stdout)
	default:
		return fmt.Errorf("unknown load %q: churn, upload or idle", args[0])
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
