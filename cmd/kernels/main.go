// Command kernels tests ringwire on other Linux kernels. It fetches them as Debian packages,
// boots each in an emulator with a file system that holds static test binaries, and says which
// driver was chosen there, what the probe and the self-test found, and whether the tests passed.
//
//	go run ./cmd/kernels                    all kernels that are known
//	go run ./cmd/kernels -short             one below the floor, and the floor
//	go run ./cmd/kernels 6.12 7.4           some
//	go run ./cmd/kernels -image vmlinuz     one of your own
//	go run ./cmd/kernels -list              which there are
//
// docs/KERNELS.md says more. The status is 0 when all passed, 1 when something failed, and 77
// when nothing could be run here, with the reason.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// options are the command's flags.
type options struct {
	short, list, write, resume, fetch bool
	image, modules, dir, jobs         string
	minors                            []minor
	machine                           machine
}

func main() {
	opt, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, opt)
	var no cannot
	switch {
	case errors.As(err, &no):
		fmt.Println("skipped:", no)
		os.Exit(77)
	case err != nil:
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	case !ok:
		os.Exit(1)
	}
}

// cannot is why this machine cannot run guests at all.
type cannot string

func (c cannot) Error() string { return string(c) }

func parse(args []string) (*options, error) {
	o := &options{machine: machine{console: os.Stdout}}
	set := flag.NewFlagSet("kernels", flag.ContinueOnError)
	set.BoolVar(&o.short, "short", false, "two kernels, one below the floor and the floor, and fewer jobs")
	set.BoolVar(&o.list, "list", false, "list the kernels that are known and those that are here")
	set.BoolVar(&o.write, "write", false, "write the tables in docs/KERNELS.md, from this run and others of the same build")
	set.BoolVar(&o.resume, "resume", false, "leave out what passed with the same build before")
	set.BoolVar(&o.fetch, "fetch", false, "fetch the kernels, and boot none")
	set.StringVar(&o.image, "image", "", "a kernel image of your own, as bzImage")
	set.StringVar(&o.modules, "modules", "", "with -image: .ko files to load first, with commas between")
	set.StringVar(&o.dir, "dir", "", "where kernels are kept; default: in the user's cache directory")
	set.StringVar(&o.jobs, "jobs", "", "run only these, with commas between: "+taskNames())
	set.IntVar(&o.machine.cpus, "cpus", 2, "processors of a guest")
	set.IntVar(&o.machine.memory, "memory", 1024, "memory of a guest, in MiB")
	set.DurationVar(&o.machine.limit, "timeout", 10*time.Minute, "the longest that a guest may take")
	set.BoolVar(&o.machine.verbose, "v", false, "show what the guests' consoles say")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	for _, arg := range set.Args() {
		m, ok := parseMinor(arg)
		if !ok || m.String() != arg {
			fmt.Fprintf(os.Stderr, "kernels: %q is no line of kernels such as 6.12\n", arg)
			return nil, flag.ErrHelp
		}
		o.minors = append(o.minors, m)
	}
	return o, nil
}

func taskNames() string {
	var names []string
	for i := range tasks {
		names = append(names, tasks[i].name)
	}
	return strings.Join(names, ",")
}

// selected are the lines of kernels to run.
func (o *options) selected() []minor {
	switch {
	case o.image != "":
		return nil
	case len(o.minors) > 0:
		return o.minors
	case o.short:
		return shortly
	}
	var all []minor
	for _, k := range known {
		all = append(all, k.minor)
	}
	return all
}

// only are the jobs that were asked for.
func (o *options) only() []string {
	if o.jobs != "" {
		return strings.Split(o.jobs, ",")
	}
	var names []string
	for i := range tasks {
		if !tasks[i].long || !o.short {
			names = append(names, tasks[i].name)
		}
	}
	return names
}

func run(ctx context.Context, o *options) (ok bool, err error) {
	if o.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return false, err
		}
		o.dir = filepath.Join(cache, "ringwire-kernels")
	}
	shelf := shelf{o.dir}
	if o.list {
		return true, list(os.Stdout, shelf)
	}
	if _, err := exec.LookPath(emulator); err != nil {
		return false, cannot("no " + emulator + " here (Debian's package qemu-system-x86)")
	}
	root, err := checkout(ctx)
	if err != nil {
		return false, err
	}
	kernels, missing, err := gather(ctx, o, shelf)
	if err != nil || o.fetch {
		return len(missing) == 0, err
	}
	tmp, err := os.MkdirTemp("", "kernels")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp)
	suite, err := buildSuite(ctx, root, tmp, o.only())
	if err != nil {
		return false, err
	}
	fmt.Printf("built %s: %s\n", suite.build, strings.Join(o.only(), ", "))
	results := tryAll(ctx, o, shelf, suite, kernels, tmp)
	return conclude(o, root, results, missing)
}

// checkout is the module's directory: the tests are built from source.
func checkout(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/ringwire/ringwire").Output()
	if err != nil {
		return "", errors.New("it runs in a checkout of ringwire, with a go command")
	}
	return strings.TrimSpace(string(out)), nil
}

// gather fetches what was asked for. Lines that cannot be had are told and left out.
func gather(ctx context.Context, o *options, s shelf) (kernels []*kernel, missing []string, err error) {
	if o.image != "" {
		k, err := given(o.image, o.modules)
		return []*kernel{k}, nil, err
	}
	minors := o.selected()
	a, err := newApt(ctx, filepath.Join(o.dir, "apt"), suitesFor(minors))
	if err == nil {
		fmt.Printf("looking for %v in %s\n", minors, strings.Join(suitesFor(minors), ", "))
		err = a.update(ctx)
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	for _, m := range minors {
		var k *kernel
		ferr := err
		if ferr == nil {
			k, ferr = s.fetch(ctx, a, m)
		}
		if ferr != nil { // what was fetched before will do
			if old, lerr := s.load(m); lerr == nil {
				k = old
			}
		}
		if k == nil {
			fmt.Printf("%v: %v\n", m, ferr)
			missing = append(missing, fmt.Sprintf("%v: %v", m, ferr))
			continue
		}
		fmt.Printf("%v: %s\n", m, k.version)
		kernels = append(kernels, k)
	}
	if len(kernels) == 0 {
		return nil, missing, cannot("no kernel can be had: " + strings.Join(missing, "; "))
	}
	return kernels, missing, nil
}

// tryAll boots one kernel after another.
func tryAll(ctx context.Context, o *options, s shelf, suite *suite, kernels []*kernel, tmp string) []*result {
	var results []*result
	for _, k := range kernels {
		if ctx.Err() != nil {
			break
		}
		file := filepath.Join(s.dir, k.name, "result.json")
		if old, err := loadResult(file); o.resume && err == nil && old.Build == suite.build && old.Package == k.version && old.ok() {
			fmt.Printf("%s: passed before\n", k.name)
			results = append(results, old)
			continue
		}
		fmt.Printf("%s: booting\n", k.name)
		r := o.machine.try(ctx, k, suite, tmp)
		fmt.Printf("%s: %s\n", k.name, r.summary())
		if o.image == "" {
			if err := r.save(file); err != nil {
				fmt.Fprintln(os.Stderr, "kernels:", err)
			}
		}
		results = append(results, r)
	}
	return results
}
