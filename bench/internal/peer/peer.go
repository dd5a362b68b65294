// Package peer is the frame around the servers that ringwire is compared with: common flags, one start line, and a
// graceful end on SIGTERM or SIGINT.
package peer

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// Options are what every peer is started with.
type Options struct {
	Addr string // host:port to listen on

	// Timeouts asks for the protection that a server on the open internet runs with: HeadTimeout and IdleTimeout.
	// ringwire has both by default, so the peers get them, too; without them they are a little faster.
	Timeouts bool

	// TLS is the certificate of HTTPS, for the peers that take part in it; the others refuse it.
	TLS secret.Files

	// Hz is how often the peers with WebSockets feed their subscribers, in a second. 0 is feed.Rate.
	Hz int
}

// Plain is an error where HTTPS is wanted, for peers that do not take part in it.
func (o Options) Plain() error {
	if given, err := o.TLS.Given(); given || err != nil {
		return errors.New("this server is not compared with TLS: it takes no -cert and -key")
	}
	return nil
}

// The timeouts of Options.Timeouts. The same as ringwire's defaults.
const (
	HeadTimeout = 10 * time.Second
	IdleTimeout = 60 * time.Second

	// WriteTimeout is for the peers with WebSockets.
	WriteTimeout = 30 * time.Second
)

// A Server is a running peer.
type Server interface {
	// Shutdown stops listening, lets running requests finish and returns; at the latest when ctx ends.
	Shutdown(ctx context.Context) error
}

// A Start makes a peer listen. It returns once connections are accepted.
type Start func(Options) (Server, error)

// Main runs a peer as a program: flags, Start, wait for a signal, Shutdown, exit.
func Main(name string, start Start) {
	os.Exit(run(name, os.Args[1:], os.Stdout, os.Stderr, start))
}

// Available is nil when addr can be listened on. For peers that end the process, or hang, when it cannot.
func Available(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return ln.Close()
}

const shutdownGrace = 3 * time.Second

func run(name string, args []string, stdout, stderr io.Writer, start Start) int {
	var o Options
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.Addr, "addr", "127.0.0.1:8080", "`host:port` to listen on")
	fs.BoolVar(&o.Timeouts, "timeouts", true, "head and idle timeouts, as ringwire has by default")
	fs.StringVar(&o.TLS.Cert, "cert", "", "PEM `file` with the certificate for HTTPS")
	fs.StringVar(&o.TLS.Key, "key", "", "PEM `file` with its key")
	fs.IntVar(&o.Hz, "hz", feed.Rate, "frames per second for each subscriber of /feed, where there is one")
	audited := fs.Bool("audit", false, "answer commands on standard input about the heap")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if o.Hz < 1 {
		fmt.Fprintf(stderr, "%s: -hz %d: want a positive number\n", name, o.Hz)
		return 2
	}
	if *audited {
		audit.Start(os.Stdin, stdout)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	srv, err := start(o)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return 1
	}
	fmt.Fprintf(stdout, "%s listening on %s\n", name, o.Addr)
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		fmt.Fprintf(stderr, "%s: shutdown: %v\n", name, err)
		return 1
	}
	return 0
}
