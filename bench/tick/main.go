//go:build linux

// Command tick measures how late a server's ticks are while thousands of connections send and are echoed to: those of
// Server.Every, and beside them those of a goroutine with a time.Ticker, in the same process at the same time, and of
// a thread in another process that does nothing else: what the system makes late is late for all three. The
// application has a small heap in one row, a large one full of pointers in the next, and makes garbage if asked to.
//
//	go -C bench run ./tick
//	go -C bench run ./tick -garbage 20                   # with collections
//	go -C bench run ./tick -drivers uring -connections 1000 -duration 10s -heaps 0
//
// A tick that came so late that the next was due counts, too, with how late it was when it was given up.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// options of a run.
type options struct {
	drivers, heaps string
	connections    int
	rate           int // messages per second of all connections
	hz             float64
	loops          int
	garbage        int // MiB per second
	spin, duration time.Duration
	client         string // address: this process is the clients'
	bare           bool   // this process is the floor's
}

func (o *options) period() time.Duration { return time.Duration(float64(time.Second) / o.hz) }

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "tick:", err)
		os.Exit(1)
	}
}

func parse(args []string) (*options, []int, error) {
	o := &options{}
	fs := flag.NewFlagSet("tick", flag.ContinueOnError)
	fs.StringVar(&o.drivers, "drivers", "uring,netpoll", "comma-separated `names`")
	fs.StringVar(&o.heaps, "heaps", "0,1024", "comma-separated `MiB` that the application keeps")
	fs.IntVar(&o.connections, "connections", 5000, "connections")
	fs.IntVar(&o.rate, "rate", 20_000, "messages of 64 bytes a second, of all connections together")
	fs.Float64Var(&o.hz, "hz", 60, "ticks a second")
	fs.IntVar(&o.loops, "loops", 1, "event loops of the server")
	fs.IntVar(&o.garbage, "garbage", 0, "`MiB` a second that the application allocates and drops")
	fs.DurationVar(&o.spin, "spin", 0, "TickConfig.Spin")
	fs.DurationVar(&o.duration, "duration", 30*time.Second, "`time` of each row")
	fs.BoolVar(&o.bare, "bare", false, "be the bare thread; for tick itself")
	fs.StringVar(&o.client, "client", "", "be the clients of the server at `host:port`; for tick itself")
	if err := fs.Parse(args); err != nil {
		return nil, nil, err
	}
	if o.connections < 1 || o.rate < 1 || o.hz <= 0 || o.hz > 1e6 || o.loops < 1 || o.garbage < 0 || o.duration <= 0 {
		return nil, nil, errors.New("-connections, -rate, -hz, -loops and -duration must be positive")
	}
	var heaps []int
	for _, text := range strings.Split(o.heaps, ",") {
		mib, err := strconv.Atoi(text)
		if err != nil || mib < 0 {
			return nil, nil, fmt.Errorf("-heaps: %q is not a number of MiB", text)
		}
		heaps = append(heaps, mib)
	}
	return o, heaps, nil
}

func run(args []string, stdout io.Writer) error {
	o, heaps, err := parse(args)
	if err != nil {
		return err
	}
	switch {
	case o.client != "":
		return send(o)
	case o.bare:
		return waitBare(o, stdout)
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "driver\theap\tticks of\tnumber\tmissed\tp50\tp99\tp99.9\tmax\techoed/s\tcollections\t\n")
	for _, driver := range strings.Split(o.drivers, ",") {
		var first *result
		for _, mib := range heaps {
			r, err := measure(o, driver, mib)
			if err != nil {
				return fmt.Errorf("%s, heap of %d MiB: %w", driver, mib, err)
			}
			if first == nil {
				first = r
			}
			r.print(table, driver, mib, first)
		}
	}
	return table.Flush()
}
