//go:build linux

// Command burst measures how late a loop is while many clients greet it at once. A loop with TLS has a tick every
// 100 µs; 64 clients, in a process of their own, have connected and send their hellos together; what counts is how
// late the ticks come until all handshakes are through.
//
//	go -C bench run ./burst                     # both drivers, with and without workers
//	go -C bench run ./burst -rounds 50 -drivers uring -groups p256
//
// A tick is a deadline of the loop's own: no other thread has a part in it. One that comes after a turn of a
// millisecond is followed by the nine that were missed meanwhile, each with its own lateness.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// options of a run.
type options struct {
	drivers, groups string
	clients, rounds int
	workers         int
	pause           time.Duration // between bursts
	client          string        // address: this process is the clients'
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "burst:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	var o options
	fs := flag.NewFlagSet("burst", flag.ContinueOnError)
	fs.StringVar(&o.drivers, "drivers", "uring,netpoll", "comma-separated `names`")
	fs.StringVar(&o.groups, "groups", "p256,default", "comma-separated `names` of key exchanges; default is crypto/tls's, which is post-quantum")
	fs.IntVar(&o.clients, "clients", 64, "hellos at once")
	fs.IntVar(&o.rounds, "rounds", 20, "bursts")
	fs.IntVar(&o.workers, "workers", max(1, runtime.GOMAXPROCS(0)-1), "goroutines that relieve the loop, compared with none")
	fs.DurationVar(&o.pause, "pause", 20*time.Millisecond, "`time` between bursts")
	fs.StringVar(&o.client, "client", "", "be the clients of the server at `host:port`; for burst itself")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if o.clients < 1 || o.rounds < 1 || o.workers < 1 {
		return errors.New("-clients, -rounds and -workers must be positive")
	}
	if o.client != "" {
		return greetAll(&o)
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "driver\tkey exchange\tworkers\tticks\tp50\tp95\tmax\tp95 at rest\tall through: p50\tmax\thanded over\t\n")
	for _, driver := range strings.Split(o.drivers, ",") {
		for _, group := range strings.Split(o.groups, ",") {
			for _, workers := range []int{o.workers, 0} {
				r, err := measure(&o, driver, group, workers)
				if err != nil {
					return fmt.Errorf("%s, %s, %d workers: %w", driver, group, workers, err)
				}
				r.print(table, driver, group, workers)
			}
		}
	}
	return table.Flush()
}
