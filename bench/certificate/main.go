//go:build linux

// Command certificate shows that ringwire allocates nothing in the steady state, or that it does, and where. It runs the
// servers one after the other, each in a process of its own, sends each the same paced mix of requests over real
// sockets, and holds what ringwire's heap did meanwhile against bars:
//
//	go -C bench run ./certificate                     # 60 s for each server at 10 000 requests/s
//	go -C bench run ./certificate -short              # some seconds each, at a pace that the machine holds
//	go -C bench run ./certificate -peers nethttp -profile
//
// The exit status is 0 when ringwire holds every bar, 1 when one is broken or ringwire could not be measured, 2 when
// the command cannot be run as given, 3 when no bar is broken but the machine did not hold the pace, which proves
// nothing. (go run makes 1 of them all and prints the number.)
//
// README.md beside it explains the method, and what makes such figures wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/bench/internal/figure"
	"github.com/ringwire/ringwire/bench/internal/host"
)

type options struct {
	peers            string
	duration, warmup time.Duration
	settle           time.Duration // load between the collection before the window and the window
	patience         time.Duration // for answers after the end
	rate             float64
	conns            int
	short, profile   bool
	out              string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o := &options{settle: 2 * time.Second, patience: 5 * time.Second}
	fs := flag.NewFlagSet("certificate", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.peers, "peers", "", "comma-separated `names` of servers, default all")
	fs.DurationVar(&o.duration, "duration", time.Minute, "measured time of each server")
	fs.DurationVar(&o.warmup, "warmup", 5*time.Second, "load before the measured time")
	fs.Float64Var(&o.rate, "rate", 10_000, "requests per second")
	fs.IntVar(&o.conns, "conns", 48, "keep-alive connections")
	fs.BoolVar(&o.short, "short", false, "some seconds for each server, at a lower pace if need be")
	fs.BoolVar(&o.profile, "profile", false, "find out who allocates, whatever the figures say")
	fs.StringVar(&o.out, "out", "out", "`directory` for certificate.md and certificate.json")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if !(o.rate >= 1 && o.rate <= 1e6) || o.duration <= 0 || o.warmup <= 0 || o.conns < 1 || o.conns > 10_000 {
		return nil, fmt.Errorf("-duration and -warmup must be positive, -rate from 1 to 1000000, -conns from 1 to 10000")
	}
	if o.short {
		o.duration, o.warmup, o.settle = 3*time.Second, time.Second, 500*time.Millisecond
	}
	return o, nil
}

// interval is how often the heap is looked at: some hundred times in the window.
func (o *options) interval() time.Duration { return max(o.duration/240, 10*time.Millisecond) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return statusHolds
	}
	var chosen []contestant
	if err == nil {
		chosen, err = choose(o.peers)
	}
	if err != nil {
		fmt.Fprintln(stderr, "certificate:", err)
		return statusUsage
	}
	return certifyAll(ctx, o, chosen, stdout, stderr)
}

// certifyAll runs the contestants in turn and writes the report.
func certifyAll(ctx context.Context, o *options, chosen []contestant, stdout, stderr io.Writer) int {
	dir, err := os.MkdirTemp("", "ringwire-certificate-")
	if err != nil {
		fmt.Fprintln(stderr, "certificate:", err)
		return statusUsage
	}
	defer os.RemoveAll(dir)
	rec := &record{Host: host.Describe(), Rate: o.rate, Duration: o.duration.String(), Conns: o.conns, Short: o.short}
	var present []contestant
	for _, c := range chosen {
		if why := c.absent(); why != "" {
			fmt.Fprintf(stderr, "%s does not take part: %s\n", c.name, why)
			rec.Absent = append(rec.Absent, c.name+": "+why)
			continue
		}
		present = append(present, c)
	}
	fmt.Fprintf(stderr, "building %s …\n", names(present))
	if err := build(dir, present); err != nil {
		fmt.Fprintln(stderr, "certificate:", err)
		return statusUsage
	}
	m := &measurer{opts: o, bin: dir, progress: stderr}
	for i := range present {
		fmt.Fprintf(stderr, "[%d/%d] %s: %v at %s requests/s …\n", i+1, len(present), present[i].name,
			o.warmup+o.settle+o.duration, figure.Thousands(o.rate))
		r := m.certify(ctx, &present[i])
		if ctx.Err() != nil {
			fmt.Fprintln(stderr, "certificate: interrupted")
			return statusUsage
		}
		rec.Results = append(rec.Results, r)
		fmt.Fprintf(stderr, "[%d/%d] %s\n", i+1, len(present), progressLine(&r))
	}
	if err := rec.write(o.out, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "certificate:", err)
		return statusUsage
	}
	return status(rec.Results)
}
