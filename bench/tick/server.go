//go:build linux

package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/conn"

	"github.com/ringwire/ringwire/bench/internal/figure"
)

// The bars: 60 Hz under 5000 connections, beside a time.Ticker, and with a heap of 1 GB.
const (
	latest    = 2 * time.Millisecond // p99.9
	toTicker  = 0.5                  // p99.9, of time.Ticker's
	withHeap  = 1.5                  // p99, of the first row's
	asProgram = "TICK_MAIN"          // for the test binary, which is this program when the variable is set
)

// result is a row: the server's ticks, and the goroutine's.
type result struct {
	ours        ringwire.TickStats
	std         conn.Histogram
	stdMissed   uint64
	perSecond   float64 // messages echoed
	collections uint32
	bare        *bareTimer
}

func micros(d time.Duration) string { return figure.Latency(float64(d) / 1e3) }

func mark(ok bool) string {
	if ok {
		return " ✓"
	}
	return " ✗"
}

func (r *result) print(w io.Writer, driver string, mib int, first *result) {
	line := func(name string, n, missed uint64, p50, p99, p999, max, sign99, sign999 string) {
		fmt.Fprintf(w, "%s\t%d MiB\t%s\t%d\t%d\t%s\t%s%s\t%s%s\t%s\t%.0f\t%d\t\n", driver, mib, name, n, missed, p50,
			p99, sign99, p999, sign999, max, r.perSecond, r.collections)
	}
	row := func(name string, h *conn.Histogram, missed uint64, sign99, sign999 string) {
		line(name, h.Count(), missed, micros(h.Quantile(0.5)), micros(h.Quantile(0.99)), micros(h.Quantile(0.999)), micros(h.Max()), sign99, sign999)
	}
	h := &r.ours.Lateness
	heap := mark(float64(h.Quantile(0.99)) <= withHeap*float64(first.ours.Lateness.Quantile(0.99)))
	if r == first {
		heap = ""
	}
	late := h.Quantile(0.999)
	row("ringwire", h, r.ours.Missed, heap, mark(late <= latest && float64(late) <= toTicker*float64(r.std.Quantile(0.999))))
	row("time.Ticker", &r.std, r.stdMissed, "", "")
	b := r.bare
	line("a bare thread", b.Count, 0, micros(b.P50), micros(b.P99), micros(b.P999), micros(b.Max), "", "")
}

// measure serves the clients, a process of their own, for the time of a row.
func measure(o *options, driver string, mib int) (*result, error) {
	r := &result{}
	keep := newHeap(mib)
	runtime.GC() // what its making has left is not for the row
	var echoed atomic.Int64
	srv := &ringwire.Server{Addr: "127.0.0.1:0"}
	srv.Config = ringwire.Config{Driver: driver, Loops: o.loops, Logger: slog.New(slog.DiscardHandler)}
	srv.Handler = ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, _ *ringwire.Request) {
		_ = w.Upgrade("echo", echo{&echoed})
	})
	ended := make(chan error, 1)
	go func() { ended <- srv.ListenAndServe() }()
	if srv.Started() == nil {
		return nil, <-ended
	}
	cmd, ready, err := startClients(o, srv.Started().String())
	if err == nil {
		_, err = ready.Read(make([]byte, 1)) // all are connected
	}
	if err == nil {
		err = r.watch(o, srv, &echoed)
	}
	if cmd != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	_ = srv.Close()
	if e := <-ended; err == nil && e != ringwire.ErrServerClosed {
		err = e
	}
	runtime.KeepAlive(keep)
	return r, err
}

// watch has both tick beside each other.
func (r *result) watch(o *options, srv *ringwire.Server, echoed *atomic.Int64) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	messages := echoed.Load()
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { litter(o.garbage, quit) })
	wg.Go(func() { r.goTicker(o.period(), quit) })
	bare, err := startBareTimer(o)
	if err != nil {
		return err
	}
	r.bare = bare
	t, err := srv.NewTicker(ringwire.TickConfig{Every: o.period(), Func: func(*ringwire.Tick) {}, Spin: o.spin})
	if err == nil {
		err = r.bare.wait()
		r.ours = t.Stats()
		t.Stop()
	}
	close(quit)
	wg.Wait()
	r.perSecond = float64(echoed.Load()-messages) / o.duration.Seconds()
	runtime.ReadMemStats(&after)
	r.collections = after.NumGC - before.NumGC
	if err == nil && (r.perSecond == 0 || r.ours.Ticks == 0) {
		err = fmt.Errorf("%d ticks, %.0f messages a second", r.ours.Ticks, r.perSecond)
	}
	return err
}

// goTicker counts as package conn does: the n-th tick is due n periods after the start, whenever the channel gets it.
func (r *result) goTicker(every time.Duration, quit <-chan struct{}) {
	start, t := time.Now(), time.NewTicker(every)
	defer t.Stop()
	for n := time.Duration(1); ; n++ {
		select {
		case <-quit:
			return
		case <-t.C:
		}
		since := time.Since(start)
		for ; (n+1)*every <= since; n++ {
			r.std.Record(since - n*every)
			r.stdMissed++
		}
		r.std.Record(since - n*every)
	}
}

// startClients runs this program once more, as the clients. A byte comes when all are connected.
func startClients(o *options, addr string) (*exec.Cmd, io.Reader, error) {
	cmd := exec.Command("/proc/self/exe", "-client", addr, "-connections", strconv.Itoa(o.connections), "-rate", strconv.Itoa(o.rate))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", asProgram+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	ready, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the clients: %w", err)
	}
	return cmd, ready, nil
}

// echo is the handler of all connections.
type echo struct{ n *atomic.Int64 }

func (e echo) OnData(c *conn.Conn, p []byte) int {
	_, _ = c.Output().Write(p)
	c.Flush()
	e.n.Add(int64(len(p) / messageSize))
	return len(p)
}
func (echo) OnEnd(c *conn.Conn, _ error)   { c.Close() }
func (echo) OnDrain(*conn.Conn)            {}
func (echo) OnTimeout(*conn.Conn)          {}
func (echo) OnShutdown(c *conn.Conn)       { c.Close() }
func (echo) OnClose(_ *conn.Conn, _ error) {}
