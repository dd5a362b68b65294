//go:build linux

// Command compare measures ringwire side by side with its peers. It builds and starts every server in turn, drives
// it, and writes a table and a chart:
//
//	go -C bench run ./compare                                   # everything: about an hour
//	go -C bench run ./compare -profiles keepalive -rounds 5
//	go -C bench run ./compare -peers ringwire,limit,fasthttp -profiles pipelined
//	go -C bench run ./compare -short                            # one quick round of everything, figures meaningless
//
// README.md beside it explains the method, and what makes such figures wrong.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/bench/internal/secret"
)

type options struct {
	profiles, peers  string
	rounds, conns    int
	duration, warmup time.Duration
	patience         time.Duration // to wait for a quiet machine
	settle, idle     time.Duration // pauses before memory is read
	secureIdle       time.Duration // likewise, with TLS
	serverCPU        int
	loadCPU          int
	timeouts, short  bool
	out, from        string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o := &options{settle: 200 * time.Millisecond, idle: 3 * time.Second, secureIdle: 12 * time.Second}
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.profiles, "profiles", "", "comma-separated `names`, default all")
	fs.StringVar(&o.peers, "peers", "", "comma-separated `names`, default all")
	fs.IntVar(&o.rounds, "rounds", 5, "interleaved rounds per profile")
	fs.DurationVar(&o.duration, "duration", 4*time.Second, "measured time of each run, at least 3 s for a split worth reading")
	fs.DurationVar(&o.warmup, "warmup", time.Second, "load before the measured time")
	fs.DurationVar(&o.patience, "patience", 0, "wait up to this long before each run until nobody else uses the machine")
	fs.IntVar(&o.conns, "conns", 0, "connections, 0 = the profile's (idle, upload and WebSockets keep theirs)")
	fs.IntVar(&o.serverCPU, "server-cpu", 0, "processor of the server where a profile pins it")
	fs.IntVar(&o.loadCPU, "load-cpu", 1, "processor of the load")
	fs.BoolVar(&o.timeouts, "timeouts", true, "start the peers with head and idle timeouts, as ringwire always has")
	fs.BoolVar(&o.short, "short", false, "one quick round to see that everything works")
	fs.StringVar(&o.out, "out", "out", "`directory` for compare.md, compare.svg and compare.json")
	fs.StringVar(&o.from, "from", "", "measure nothing: report on the compare.json of an earlier run")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.rounds < 1 || o.duration <= 0 || o.warmup < 0 || o.conns < 0 {
		return nil, fmt.Errorf("-rounds and -duration must be positive, -warmup and -conns not negative")
	}
	if o.short {
		o.rounds, o.duration, o.warmup, o.settle, o.idle, o.secureIdle = 1, time.Second, 0, 20*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	var rec *record
	if o.from != "" {
		rec, err = readRecord(o.from)
	} else {
		rec, err = measureAll(ctx, o, stderr)
	}
	if rec == nil || len(rec.Samples) == 0 {
		return err
	}
	if err := writeReport(o, rec, stdout, stderr); err != nil {
		return err
	}
	return errors.Join(err, rec.failed())
}

// measureAll runs every chosen profile with every chosen contestant. When ctx ends it returns what it has until then,
// and an error.
func measureAll(ctx context.Context, o *options, progress io.Writer) (*record, error) {
	chosenProfiles, err := chooseProfiles(o.profiles, o.short)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(o.peers)
	if err != nil {
		return nil, err
	}
	wrk, version, err := findWrk()
	if err != nil && slices.ContainsFunc(chosenProfiles, func(p profile) bool { return p.requests != nil }) {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ringwire-compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	rec := &record{Meta: describe(o, version)}
	var present []contestant
	for _, c := range chosen {
		if why := c.absent(); why != "" {
			fmt.Fprintf(progress, "%s does not take part: %s\n", c.name, why)
			rec.Meta.Absent = append(rec.Meta.Absent, c.name+": "+why)
			continue
		}
		present = append(present, c)
	}
	fmt.Fprintf(progress, "building %s …\n", names(present))
	if err := build(dir, present); err != nil {
		return nil, err
	}
	b := &bencher{opts: o, wrk: wrk, bin: dir, dir: dir}
	if b.files, err = secret.Make(dir); err != nil {
		return nil, err
	}
	if n := runtime.NumCPU(); n > max(o.serverCPU, o.loadCPU) && o.serverCPU != o.loadCPU {
		b.serverOn, b.loadOn = cpus{o.serverCPU}, cpus{o.loadCPU}
	} else {
		fmt.Fprintf(progress, "only %d processor(s): nothing is pinned, and server and load disturb each other\n", n)
	}
	schedule := plan(chosenProfiles, present, o.rounds)
	for i, step := range schedule {
		waitQuiet(ctx, o.patience)
		s, err := b.measure(ctx, step.profile, step.contestant, step.round)
		if ctx.Err() != nil {
			rec.Meta.Interrupted = fmt.Sprintf("interrupted after %d of %d measurements", i, len(schedule))
			return rec, errors.New(rec.Meta.Interrupted)
		}
		if err != nil {
			s.Failure = err.Error()
		}
		rec.Samples = append(rec.Samples, s)
		fmt.Fprintf(progress, "[%*d/%d] %s\n", len(fmt.Sprint(len(schedule))), i+1, len(schedule), progressLine(step.profile, &s))
	}
	return rec, nil
}

const quietWindow = 250 * time.Millisecond

// waitQuiet returns when the machine was quiet for a moment, when the patience is over, or when ctx ends.
func waitQuiet(ctx context.Context, patience time.Duration) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && ctx.Err() == nil; {
		before := readMachine()
		time.Sleep(quietWindow)
		after := readMachine()
		if busy := after.busy + after.steal - before.busy - before.steal; busy.Seconds() < noisy*quietWindow.Seconds() {
			return
		}
	}
}

// step is one measurement to be made.
type step struct {
	profile    *profile
	contestant *contestant
	round      int
}

// plan interleaves: within a profile every contestant once, then every one again, so that a slow minute of the
// machine falls on all of them. Every other round goes backwards: a machine that slows down steadily favours nobody.
func plan(profiles []profile, list []contestant, rounds int) (steps []step) {
	for i := range profiles {
		for round := range rounds {
			for j := range list {
				if round%2 == 1 {
					j = len(list) - 1 - j
				}
				if profiles[i].excludes(&list[j]) == "" {
					steps = append(steps, step{&profiles[i], &list[j], round})
				}
			}
		}
	}
	return steps
}

// writeReport prints the table and writes the three files.
func writeReport(o *options, rec *record, stdout, stderr io.Writer) error {
	rep := newReport(rec)
	md := rep.markdown()
	raw, err := json.MarshalIndent(rec, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"compare.md", []byte(md)}, {"compare.svg", []byte(rep.svg())}, {"compare.json", raw}} {
		if err := os.WriteFile(filepath.Join(o.out, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(stderr, "written: %s\n", filepath.Join(o.out, "compare.{md,svg,json}"))
	_, err = io.WriteString(stdout, md)
	return err
}
