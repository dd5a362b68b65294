//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/process"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// A sample is one measurement of a contestant in a profile.
type sample struct {
	Profile    string  `json:"profile"`
	Contestant string  `json:"contestant"`
	Round      int     `json:"round"`
	Failure    string  `json:"failure,omitempty"` // why there are no figures
	Requests   float64 `json:"requests"`
	Errors     int64   `json:"errors"`
	Problem    string  `json:"problem,omitempty"` // what the errors were
	Rate       float64 `json:"rate"`              // units (requests, MB, handshakes) per second
	CPU        float64 `json:"cpu"`               // microseconds per unit, user and system together
	User       float64 `json:"user"`              // its user part
	Busy       float64 `json:"busy"`              // cores that the server used
	Others     float64 `json:"others"`            // cores that neither server nor load used: the noise
	Steal      float64 `json:"steal"`             // cores that the hypervisor took

	P50  float64 `json:"p50"` // microseconds
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`

	IdleRSS int64 `json:"idle_rss"` // bytes, before the load
	PeakRSS int64 `json:"peak_rss"` // bytes, during the load

	ConnRSS float64 `json:"conn_rss,omitempty"` // idle: bytes of RSS per connection
	ConnPSS float64 `json:"conn_pss,omitempty"`

	Ticks    float64 `json:"ticks,omitempty"`    // feed: that came to all, in a second
	Spread50 float64 `json:"spread50,omitempty"` // feed: microseconds from a tick's first delivery to its last
	Spread99 float64 `json:"spread99,omitempty"`
}

// bencher measures.
type bencher struct {
	opts     *options
	wrk      string // path
	bin      string // directory of the built programs
	dir      string // scratch
	files    secret.Files
	serverOn cpus
	loadOn   cpus
}

// measure starts a contestant, loads it, and stops it.
func (b *bencher) measure(ctx context.Context, p *profile, c *contestant, round int) (s sample, err error) {
	s = sample{Profile: p.name, Contestant: c.name, Round: round}
	addr, err := process.FreeAddr()
	if err != nil {
		return s, err
	}
	serverOn, loadOn := b.serverOn, b.loadOn
	if p.cores > 1 && len(serverOn) > 0 {
		serverOn = append(append(cpus{}, b.serverOn...), b.loadOn...)
		loadOn = serverOn
	}
	var files secret.Files
	secure := p.secure(c)
	if secure {
		files = b.files
	}
	cmd, err := c.start(b.bin, b.dir, addr, p, b.opts.timeouts, files)
	if err != nil {
		return s, err
	}
	srv, err := startServer(ctx, cmd, addr, p, secure, serverOn)
	if err != nil {
		return s, err
	}
	defer srv.Stop()
	time.Sleep(b.opts.settle)
	mem, err := readMemory(cmd.Process.Pid)
	if err != nil {
		return s, err
	}
	s.IdleRSS = mem.rss
	if p.isIdle() {
		err = b.measureIdle(ctx, p, srv, mem, &s, loadOn)
		return s, err
	}
	if err := p.verify(addr, secure); err != nil {
		return s, fmt.Errorf("before the load: %w", err)
	}
	if !p.isUpload() && !p.isHeld() && b.opts.warmup > 0 {
		if _, _, err := b.load(ctx, p, srv, loadOn, b.opts.warmup); err != nil {
			return s, fmt.Errorf("warm-up: %w", err)
		}
	}
	measure := b.measureLoad
	if p.isHeld() {
		measure = b.measureHeld
	}
	if err := measure(ctx, p, srv, &s, loadOn); err != nil {
		return s, err
	}
	if err := p.verify(addr, secure); err != nil {
		return s, fmt.Errorf("after the load: %w", err)
	}
	return s, nil
}

// measureLoad brackets one run of the load: the server does nothing before and after it.
func (b *bencher) measureLoad(ctx context.Context, p *profile, srv *server, s *sample, on cpus) error {
	pid := srv.Cmd.Process.Pid
	resetPeak(pid)
	machineBefore, start := readMachine(), time.Now()
	before, err := readUsage(pid)
	if err != nil {
		return err
	}
	result, loadCPU, err := b.load(ctx, p, srv, on, b.opts.duration)
	if died := srv.Died(); died != nil {
		return died
	}
	if err != nil {
		return err
	}
	after, err := readUsage(pid)
	if err != nil {
		return err
	}
	machineAfter, wall := readMachine(), time.Since(start).Seconds()
	mem, err := readMemory(pid)
	if err != nil {
		return err
	}
	s.PeakRSS = mem.peak
	user, system := spent(before, after)
	if err := s.fill(p, result, user, system); err != nil {
		return err
	}
	s.Busy = (user + system).Seconds() / wall
	s.Steal = (machineAfter.steal - machineBefore.steal).Seconds() / wall
	s.Others = max(0, (machineAfter.busy-machineBefore.busy-user-system-loadCPU).Seconds()/wall)
	return nil
}

// tolerated is the share of requests that may fail, as 1 in so many. On a machine that others use one may run into a
// timeout now and then; a server that answers cheaply because it answers wrongly must not get a figure.
const tolerated = 100

// fill works out the figures per unit. It fails when too much of the load did.
func (s *sample) fill(p *profile, r loadresult.Result, user, system time.Duration) error {
	units := p.units(&r)
	s.Requests, s.Errors, s.Problem = float64(r.Requests), r.Errors, r.Problem()
	if r.Status > 0 || r.Errors*tolerated > r.Requests {
		return fmt.Errorf("of %d requests %s", r.Requests, s.Problem)
	}
	s.P50, s.P99, s.P999 = r.P50, r.P99, r.P999
	s.Spread50, s.Spread99 = r.Spread50, r.Spread99
	if units > 0 && r.Seconds > 0 {
		s.Rate = units / r.Seconds
		s.Ticks = float64(r.Ticks) / r.Seconds
		s.User = user.Seconds() * 1e6 / units
		s.CPU = (user + system).Seconds() * 1e6 / units
	}
	return nil
}

// load runs wrk or bench/load to its end and returns its result and its CPU time.
func (b *bencher) load(ctx context.Context, p *profile, srv *server, on cpus, d time.Duration) (loadresult.Result, time.Duration, error) {
	conns := b.conns(p)
	var cmd *exec.Cmd
	if p.requests != nil {
		var err error
		if cmd, err = wrkCommand(b.wrk, b.dir, p.requests(srv.addr), scheme(srv.secure)+srv.addr, min(p.threads, conns), conns, d); err != nil {
			return loadresult.Result{}, 0, err
		}
	} else {
		cmd = exec.Command(b.bin+"/load", p.loadArgs(srv.addr, conns, d, 0, b.opts.short)...)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := startOn(cmd, on); err != nil {
		return loadresult.Result{}, 0, err
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if err := cmd.Wait(); err != nil {
		return loadresult.Result{}, 0, fmt.Errorf("%s: %w\n%s", cmd.Path, err, out.Bytes())
	}
	r, err := loadresult.Parse(out.Bytes())
	if err == nil && r.Requests == 0 {
		err = fmt.Errorf("no request was answered: %s", out.Bytes())
	}
	return r, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}

func (b *bencher) conns(p *profile) int {
	switch {
	case b.opts.short:
		return p.shortConns
	case b.opts.conns > 0 && !p.isIdle() && !p.isUpload() && !p.isHeld():
		return b.opts.conns
	}
	return p.conns
}

// measureIdle opens the connections, lets the server settle, and divides what it has grown by.
func (b *bencher) measureIdle(ctx context.Context, p *profile, srv *server, before memory, s *sample, on cpus) error {
	cmd := exec.Command(b.bin+"/load", p.loadArgs(srv.addr, b.conns(p), 0, 0, b.opts.short)...)
	hold, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out := newWatcher(loadresult.Prefix)
	cmd.Stdout, cmd.Stderr = out, out
	if err := startOn(cmd, on); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return fmt.Errorf("load: %w\n%s", err, out.buf.Bytes())
	case <-out.seen[0]:
	}
	if p.tls {
		time.Sleep(b.opts.secureIdle)
	} else {
		time.Sleep(b.opts.idle)
	}
	after, memErr := readMemory(srv.Cmd.Process.Pid)
	hold.Close()
	if err := <-ended; err != nil {
		return fmt.Errorf("load: %w\n%s", err, out.buf.Bytes())
	}
	if memErr != nil {
		return memErr
	}
	return s.fillIdle(out.buf.Bytes(), before, after)
}

func (s *sample) fillIdle(output []byte, before, after memory) error {
	r, err := loadresult.Parse(output)
	if err != nil {
		return err
	}
	n := float64(r.Requests)
	s.Requests, s.PeakRSS = n, after.peak
	s.Errors = r.Requests - r.Alive
	s.ConnRSS = float64(after.rss-before.rss) / n
	s.ConnPSS = float64(after.pss-before.pss) / n
	if s.Errors > 0 {
		s.Problem = fmt.Sprintf("%d connections closed by the server", s.Errors)
	}
	if s.Errors*tolerated > r.Requests {
		return fmt.Errorf("of %d %s", r.Requests, s.Problem)
	}
	return nil
}
