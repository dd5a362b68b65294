// Command doctor says which driver a ringwire server takes on this machine, why, and what to do about it.
//
//	go run ./cmd/doctor
//
// It ends with 0 when there is nothing to change, or only advice; with 1 when a server would run on netpoll where
// it could run on io_uring; with 2 when a server could not run at all, or the command line is wrong.
// docs/DOCTOR.md explains each finding.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ringwire/ringwire"
)

// What is to be given to a container runtime, and to systemd.
var (
	//go:embed seccomp.json
	profile string
	//go:embed ringwire.service
	unit string
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var cfg ringwire.Config
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.Driver, "driver", "auto", "diagnose for this driver: auto, uring or netpoll")
	flags.IntVar(&cfg.Loops, "loops", 0, "and so many loops; 0 = as many as suit the driver")
	flags.BoolVar(&cfg.RestrictRing, "restrict", false, "and with Config.RestrictRing")
	asJSON := flags.Bool("json", false, "print JSON")
	showProfile := flags.Bool("seccomp", false, "print a seccomp profile for containers instead")
	showUnit := flags.Bool("unit", false, "print a systemd unit instead")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "doctor takes no arguments: %q\n", flags.Args())
		return 2
	}
	switch {
	case *showProfile:
		fmt.Fprint(stdout, profile)
		return 0
	case *showUnit:
		fmt.Fprint(stdout, unit)
		return 0
	}
	d := cfg.Diagnose()
	if *asJSON {
		_, _ = stdout.Write(d.JSON())
	} else {
		fmt.Fprint(stdout, d)
	}
	return status(d)
}

// status is the exit status.
func status(d *ringwire.Diagnosis) int {
	switch worst, _ := d.Worst(); worst {
	case ringwire.SeverityBroken:
		return 2
	case ringwire.SeverityDriver:
		return 1
	}
	return 0
}
