// Command arena is ringwire under test. It serves the public HttpArena profiles, the same endpoints as every peer
// of this module, and those that outside conformance suites and clients want of a server:
//
//	GET, POST /baseline11?a=&b=  the sum of a, b and, for POST, the integer in the body
//	GET  /pipeline               "ok"
//	GET  /json/{count}?m=        the first count products, each with its total
//	GET  /bytes/{size}           a body of that size, up to 16 MiB
//	POST /upload                 the number of bytes received
//	GET, POST /                  a short text; the request's body
//	/echo, /cookie, /garden      the request as it was understood
//	/ws; / with an upgrade       a WebSocket that sends every message back
//	/feed                        a WebSocket that is sent what package feed describes
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/tls"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const (
	// shutdownGrace is how long a signal lets running requests go on.
	shutdownGrace = 3 * time.Second

	// bodyBuffer is the size from which a body is streamed: 64 uploads at once must not hold much.
	bodyBuffer = 64 << 10
)

// newServer makes the server, and the feed behind it, which is the caller's to stop.
func newServer() (*ringwire.Server, *feeder) {
	f := newFeeder()
	s := &sockets{feed: f}
	return &ringwire.Server{
		Handler: ringwire.HandlerFunc(s.serve),
		Config:  ringwire.Config{BodyBuffer: bodyBuffer, MaxBody: -1}, // echoes and uploads of any size
	}, f
}

// settings are the flags that are not the server's or the feed's.
type settings struct {
	files   secret.Files
	audited bool
	profile string
}

func parse(args []string, stderr io.Writer, srv *ringwire.Server, f *feeder) (o settings, err error) {
	fs := flag.NewFlagSet("arena", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&srv.Addr, "addr", "127.0.0.1:8080", "`host:port` to listen on")
	fs.StringVar(&srv.Driver, "driver", "auto", "auto, uring or netpoll")
	fs.IntVar(&srv.Loops, "loops", 0, "event loops, 0 = the driver's default")
	fs.IntVar(&f.hz, "hz", feed.Rate, "frames per second for each subscriber of /feed")
	fs.StringVar(&o.files.Cert, "cert", "", "PEM `file` with the certificate for HTTPS")
	fs.StringVar(&o.files.Key, "key", "", "PEM `file` with its key")
	fs.BoolVar(&o.audited, "audit", false, "answer commands on standard input about the heap")
	fs.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile to `file` until the end")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if f.hz < 1 {
		err = fmt.Errorf("-hz %d: want a positive number", f.hz)
		fmt.Fprintln(stderr, "arena:", err)
	}
	return o, err
}

func run(args []string, stdout, stderr io.Writer) int {
	srv, f := newServer()
	o, err := parse(args, stderr, srv, f)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	defer f.stop()
	if system, err := o.files.Server(); err != nil {
		fmt.Fprintln(stderr, "arena:", err)
		return 1
	} else if system != nil {
		srv.TLS = &tls.Config{System: system}
	}
	stopProfile, err := startProfile(o.profile)
	if err != nil {
		fmt.Fprintln(stderr, "arena:", err)
		return 1
	}
	defer stopProfile()
	if o.audited {
		audit.Start(os.Stdin, stdout)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if addr := srv.Started(); addr != nil {
			info := srv.DriverInfo()
			fmt.Fprintf(stdout, "arena listening on %v with %s: %s\n", addr, info.Name, info.Reason)
		}
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		defer cancel()
		_ = srv.Shutdown(grace) // past the grace the rest is cut, which is what was asked for
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, ringwire.ErrServerClosed) {
		fmt.Fprintln(stderr, "arena:", err)
		return 1
	}
	<-stopped
	return 0
}

// startProfile writes a CPU profile to the named file until stop is called; an empty name is none.
func startProfile(name string) (stop func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}
