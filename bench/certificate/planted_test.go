//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/ringwire/ringwire"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/endpoint"
)

// A planted defect is a server that does something wrong on purpose: this test binary, run with its name in the
// environment.
const plantVariable = "CERTIFICATE_PLANT"

func TestMain(m *testing.M) {
	if name := os.Getenv(plantVariable); name != "" {
		if err := plantedServer(name, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// planted is a contestant with a defect.
func planted(name string) contestant {
	return contestant{name: name, judged: true, args: []string{"-driver", ringwire.DriverNetpoll}, command: func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), plantVariable+"="+name)
		return cmd
	}}
}

var defects = map[string]func(n int64) int64{ // of the n-th request; what to add to the answer
	"none":     func(int64) int64 { return 0 },
	"allocate": plantedAllocate,
	"retain":   plantedRetain,
	"lie":      func(n int64) int64 { return n % 100 / 99 },
	"die":      plantedDeath,
}

func plantedServer(name string, args []string) error {
	srv := &ringwire.Server{Config: ringwire.Config{Logger: slog.New(slog.DiscardHandler), Loops: 1}}
	fs := flag.NewFlagSet(name, flag.ExitOnError)
	fs.StringVar(&srv.Addr, "addr", "", "")
	fs.StringVar(&srv.Driver, "driver", "", "")
	audited := fs.Bool("audit", false, "")
	if err := fs.Parse(args); err != nil || !*audited {
		return errors.New("started without -audit")
	}
	defect, requests := defects[name], int64(0)
	srv.Handler = ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		a, _ := r.QueryInt("a")
		b, _ := r.QueryInt("b")
		if body, err := r.Body.View(); err == nil && len(body) > 0 {
			a += int64(endpoint.Int(body))
		}
		requests++ // the one loop's own
		_ = w.Commit(len(strconv.AppendInt(w.Reserve(20), a+b+defect(requests), 10)))
	})
	audit.Start(os.Stdin, os.Stdout)
	return srv.ListenAndServe()
}

var (
	plantedSink *[64]byte
	plantedKept [][]byte
)

//go:noinline
func plantedAllocate(int64) int64 {
	plantedSink = new([64]byte)
	return 0
}

// plantedRetain allocates seldom enough for the bar of allocations.
//
//go:noinline
func plantedRetain(n int64) int64 {
	if n%200 == 0 {
		plantedKept = append(plantedKept, make([]byte, 32<<10))
	}
	return 0
}

func plantedDeath(n int64) int64 {
	if n == 1000 {
		fmt.Fprintln(os.Stderr, "this is the end")
		os.Exit(7)
	}
	return 0
}
