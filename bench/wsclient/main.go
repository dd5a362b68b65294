// Command wsclient is ringwire's client under test: for suites that play the server, such as Autobahn's fuzzingserver.
// It asks how many cases there are, echoes every message of each, one after the other, and asks for the reports.
//
//	wsclient -url ws://127.0.0.1:9001 -agent ringwire
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/ringwire/ringwire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// A suite of one thread may be making a message of 16 MiB meanwhile.
	c := client{dialer: ringwire.WebSocketDialer{HandshakeTimeout: time.Minute}, out: stdout}
	fs := flag.NewFlagSet("wsclient", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&c.url, "url", "ws://127.0.0.1:9001", "the suite's `URL`")
	fs.StringVar(&c.agent, "agent", "ringwire", "the client's `name` in the report")
	fs.StringVar(&c.dialer.Driver, "driver", "auto", "auto, uring or netpoll")
	fs.IntVar(&c.dialer.Loops, "loops", 1, "event loops")
	fs.DurationVar(&c.patience, "patience", 2*time.Minute, "how `long` one case may take")
	blocking := fs.Bool("blocking", false, "echo on a goroutine, with Read and Write")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	c.url = strings.TrimSuffix(c.url, "/")
	c.echo = c.echoOnLoop
	if *blocking {
		c.echo = c.echoBlocking
	}
	err := c.all(ctx)
	if err = errors.Join(err, c.dialer.Close()); err != nil {
		fmt.Fprintln(stderr, "wsclient:", err)
		return 1
	}
	return 0
}
