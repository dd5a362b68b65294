//go:build linux

package main

import (
	stdtls "crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/fallback"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/tls"

	"github.com/ringwire/ringwire/bench/internal/figure"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// bar is the lateness in µs that 95 of 100 ticks may have.
const bar = 300

// result is what a server has seen of all bursts.
type result struct {
	*ticker
	stats conn.Stats
}

func (r *result) print(w io.Writer, driver, group string, workers int) {
	mark := "✗"
	if r.busy.Percentile(95) <= bar {
		mark = "✓"
	}
	f := figure.Latency
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s %s\t%s\t%s\t%s\t%s\t%d of %d\t\n", driver, group, workers, r.busy.Count(),
		f(r.busy.Percentile(50)), f(r.busy.Percentile(95)), mark, f(r.busy.Max()), f(r.rest.Percentile(95)),
		f(r.through.Percentile(50)), f(r.through.Max()), r.stats.HandedOver, r.stats.Handshakes)
}

// config is the server's of a key exchange.
func config(group string) (*stdtls.Config, error) {
	dir, err := os.MkdirTemp("", "ringwire-burst-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	files, err := secret.Make(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := files.Server()
	if err != nil {
		return nil, err
	}
	return cfg, choose(cfg, group)
}

// choose sets a key exchange.
func choose(cfg *stdtls.Config, group string) error {
	switch group {
	case "p256":
	case "default":
		cfg.CurvePreferences = nil
	default:
		return fmt.Errorf("key exchange %q is neither p256 nor default", group)
	}
	return nil
}

func newDriver(name string) (conn.Driver, error) {
	switch name {
	case "uring":
		return ring.NewLoop(ring.LoopConfig{})
	case "netpoll":
		return fallback.NewLoop(fallback.Config{})
	}
	return nil, fmt.Errorf("driver %q is neither uring nor netpoll", name)
}

// measure serves until the clients, a process of their own, have made all bursts.
func measure(o *options, driver, group string, workers int) (*result, error) {
	cfg, err := config(group)
	if err != nil {
		return nil, err
	}
	engine, err := tls.NewEngine(tls.Config{System: cfg}, tls.Server)
	if err != nil {
		return nil, err
	}
	drv, err := newDriver(driver)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mem.Ballast(32 << 20) // as a Server has
	shared := mem.NewAllocator(mem.Config{Shared: true})
	var relief *conn.Handshakers
	if workers > 0 {
		relief = conn.NewHandshakers(engine, shared, workers)
		defer relief.Close()
	}
	r := &result{ticker: newTicker(drv, o.clients)}
	l := conn.NewLoop(conn.Config{Driver: r.ticker, Alloc: mem.NewAllocator(mem.Config{}), TLS: engine, Handshakers: relief,
		Accept: func(*conn.Conn) conn.Handler { r.settled(); return quiet{} }})
	if err := drv.Listen(ln); err != nil {
		ln.Close()
		return nil, err
	}
	var clients error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer l.Stop()
		clients = runClients(o, ln.Addr().String(), group)
	})
	err = l.Run()
	wg.Wait()
	if err == nil {
		err = clients
	}
	r.stats = l.Stats()
	if want := uint64(o.clients * o.rounds); err == nil && r.stats.Handshakes != want {
		err = fmt.Errorf("%d handshakes, want %d", r.stats.Handshakes, want)
	}
	return r, err
}

// runClients runs this program once more, as the clients.
func runClients(o *options, addr, group string) error {
	cmd := exec.Command("/proc/self/exe", "-client", addr, "-groups", group, "-clients", strconv.Itoa(o.clients),
		"-rounds", strconv.Itoa(o.rounds), "-pause", o.pause.String())
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", asProgram+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the clients: %w: %s", err, out)
	}
	return nil
}

// asProgram is for the test binary, which is this program when the variable is set.
const asProgram = "BURST_MAIN"

// quiet is the handler of a connection whose handshake is over.
type quiet struct{}

func (quiet) OnData(_ *conn.Conn, p []byte) int { return len(p) }
func (quiet) OnEnd(c *conn.Conn, _ error)       { c.Close() }
func (quiet) OnDrain(*conn.Conn)                {}
func (quiet) OnTimeout(*conn.Conn)              {}
func (quiet) OnShutdown(c *conn.Conn)           { c.Close() }
func (quiet) OnClose(*conn.Conn, error)         {}
