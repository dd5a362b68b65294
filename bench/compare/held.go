//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
)

// measureHeld brackets a load that opens its connections first, tells when its time begins and ends, and keeps the
// connections until it is let go: no handshake and no close falls into the figures.
func (b *bencher) measureHeld(ctx context.Context, p *profile, srv *server, s *sample, on cpus) error {
	cmd := exec.Command(b.bin+"/load", p.loadArgs(srv.addr, b.conns(p), b.opts.duration, b.opts.warmup, b.opts.short)...)
	hold, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out := newWatcher(loadresult.Started, loadresult.Prefix)
	cmd.Stdout, cmd.Stderr = out, out
	if err := startOn(cmd, on); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	var read [2]reading
	for i, seen := range out.seen {
		select {
		case err := <-ended:
			return errors.Join(srv.Died(), fmt.Errorf("load: %w\n%s", err, out.buf.Bytes()))
		case <-seen:
		}
		if i == 0 {
			resetPeak(srv.Cmd.Process.Pid)
		}
		if read[i], err = readBoth(srv.Cmd.Process.Pid, cmd.Process.Pid); err != nil {
			break
		}
	}
	mem, memErr := readMemory(srv.Cmd.Process.Pid)
	hold.Close()
	if err := errors.Join(err, memErr, <-ended); err != nil {
		return errors.Join(srv.Died(), err)
	}
	result, err := loadresult.Parse(out.buf.Bytes())
	if err != nil {
		return err
	}
	if result.Requests == 0 {
		return fmt.Errorf("nothing was answered: %s", out.buf.Bytes())
	}
	s.PeakRSS = mem.peak
	return s.fillHeld(p, result, &read[0], &read[1])
}

// reading is all counters at one end of a load's time.
type reading struct {
	at           time.Time
	server, load usage
	machine      machine
}

func readBoth(server, load int) (r reading, err error) {
	r.at, r.machine = time.Now(), readMachine()
	if r.server, err = readUsage(server); err != nil {
		return r, err
	}
	r.load, err = readUsage(load)
	return r, err
}

func (s *sample) fillHeld(p *profile, r loadresult.Result, before, after *reading) error {
	user, system := spent(before.server, after.server)
	if err := s.fill(p, r, user, system); err != nil {
		return err
	}
	loadUser, loadSystem := spent(before.load, after.load)
	wall := after.at.Sub(before.at).Seconds()
	s.Busy = (user + system).Seconds() / wall
	s.Steal = (after.machine.steal - before.machine.steal).Seconds() / wall
	all := after.machine.busy - before.machine.busy
	s.Others = max(0, (all-user-system-loadUser-loadSystem).Seconds()/wall)
	return nil
}
