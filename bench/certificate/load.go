//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench/internal/histogram"
)

// load sends the mix at its pace over some keep-alive connections. It is open: a shot is due at its time whether or
// not the server has answered the ones before; when every connection is busy it waits for one, and its latency
// counts from the time meant for it. One thread on epoll, which allocates nothing while it runs.
type load struct {
	target   netip.AddrPort
	mix      []shot
	patience time.Duration // to wait for answers after the end

	// Its thread's own.
	epoch   time.Time
	poll    int
	timer   int
	clients []client
	idle    queue[int] // clients, the one that waited longest first
	backlog queue[due]
	pace    pacer
	next    int // in mix
	latency histogram.Histogram
	failure error // the first

	// For others to read and write.
	answered atomic.Int64  // responses, all of them right
	failed   atomic.Int64  // requests that got none, or a wrong one
	late     atomic.Int64  // requests that were still waiting when the load ended, of a server that kept answering
	newRate  atomic.Uint64 // float64 bits, 0 when there is none
	from, to atomic.Int64  // latencies are recorded of requests meant for a time within
	stopping atomic.Bool
	ended    chan struct{}
}

const (
	maxFailures = 1000
	never       = math.MaxInt64
)

// startLoad connects and begins.
func startLoad(target netip.AddrPort, conns int, rate float64, patience time.Duration) (*load, error) {
	ld := &load{target: target, mix: newMix(target.String()), patience: patience, clients: make([]client, conns), epoch: time.Now(),
		poll: -1, timer: -1, ended: make(chan struct{})}
	ld.backlog.items = make([]due, 0, 1<<16)
	ld.from.Store(never)
	ld.to.Store(never)
	for i := range ld.clients {
		ld.clients[i].fd = -1
	}
	if err := ld.open(); err != nil {
		ld.close()
		return nil, err
	}
	ld.setRate(rate)
	go func() {
		defer close(ld.ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer ld.close()
		if err := ld.run(); err != nil {
			ld.failure = errors.Join(err, ld.failure)
		}
	}()
	return ld, nil
}

func (ld *load) open() (err error) {
	if ld.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	// A timer of its own: epoll's timeout counts milliseconds.
	if ld.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		return fmt.Errorf("timer: %w", err)
	}
	if err := ld.watch(ld.timer, timerSlot); err != nil {
		return err
	}
	for i := range ld.clients {
		if err := ld.connect(i); err != nil {
			return err
		}
	}
	return nil
}

func (ld *load) connect(i int) error {
	if err := ld.clients[i].dial(ld.target); err != nil {
		return err
	}
	ld.idle.push(i)
	return ld.watch(ld.clients[i].fd, i)
}

// timerSlot is what events carry that come from the timer; from a connection it is its index.
const timerSlot = -1

func (ld *load) watch(fd, slot int) error {
	if err := unix.EpollCtl(ld.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(slot)}); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

func (ld *load) close() {
	for i := range ld.clients {
		if ld.clients[i].fd >= 0 {
			unix.Close(ld.clients[i].fd)
		}
	}
	for _, fd := range []int{ld.timer, ld.poll} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// now is the time of the load's own clock.
func (ld *load) now() time.Duration { return time.Since(ld.epoch) }

// setRate goes over to another pace, and forgets what is late for the old one.
func (ld *load) setRate(rate float64) { ld.newRate.Store(math.Float64bits(rate)) }

// record keeps the latencies of requests meant for a time from now until until is called.
func (ld *load) record() { ld.from.Store(int64(ld.now())) }
func (ld *load) until()  { ld.to.Store(int64(ld.now())) }

// stop ends the load once what was sent is answered, and returns the first error. Only then may latency be read.
func (ld *load) stop() error {
	ld.stopping.Store(true)
	<-ld.ended
	return ld.failure
}

func (ld *load) run() error {
	events := make([]unix.EpollEvent, 256)
	var last drain
	for {
		now := ld.now()
		if ld.stopping.Load() {
			if last.deadline == 0 {
				last = drain{now + ld.patience, ld.answered.Load()}
			}
			if done, err := ld.drained(now, last); done {
				return err
			}
		} else {
			ld.schedule(now)
		}
		if err := ld.fire(); err != nil {
			return err
		}
		if err := ld.wait(events); err != nil {
			return err
		}
	}
}

// schedule puts what is due on the backlog.
func (ld *load) schedule(now time.Duration) {
	if bits := ld.newRate.Swap(0); bits != 0 {
		ld.backlog.clear()
		ld.pace = pacer{start: now, rate: math.Float64frombits(bits)}
	}
	for at := ld.pace.next(); at <= now; at = ld.pace.next() {
		s := &ld.mix[ld.next]
		ld.next = (ld.next + 1) % len(ld.mix)
		ld.backlog.push(due{s, at})
		ld.pace.take(len(s.want))
	}
}

// fire sends from the backlog while there are connections without work.
func (ld *load) fire() error {
	for ld.backlog.len() > 0 && ld.idle.len() > 0 {
		i, d := ld.idle.pop(), ld.backlog.pop()
		if err := ld.clients[i].send(d.shot, d.at); err != nil {
			if err := ld.fail(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain is the end of a load, when nothing new is sent.
type drain struct {
	deadline time.Duration
	answered int64 // when it began
}

// drained reports whether nothing is left to be answered, or to be waited for any longer. A server that answers but
// is behind is slow; one that answers nothing any more has lost requests.
func (ld *load) drained(now time.Duration, d drain) (done bool, err error) {
	if ld.idle.len() == len(ld.clients) && ld.backlog.len() == 0 {
		return true, nil
	}
	if now < d.deadline {
		return false, nil
	}
	missing := ld.abandon(now)
	if ld.answered.Load() > d.answered {
		ld.late.Add(missing)
		return true, nil
	}
	ld.failed.Add(missing)
	return true, fmt.Errorf("%d requests were not answered within %v after the end", missing, ld.patience)
}

// abandon counts the requests that got no answer. They waited at least until now, and are recorded with that: else
// the worst latencies would be missing.
func (ld *load) abandon(now time.Duration) (missing int64) {
	count := func(at time.Duration, n int) {
		missing += int64(n)
		for range n {
			ld.note(at, now)
		}
	}
	for i := range ld.clients {
		if c := &ld.clients[i]; c.shot != nil {
			count(c.at, len(c.shot.want)-c.got)
		}
	}
	for ld.backlog.len() > 0 {
		d := ld.backlog.pop()
		count(d.at, len(d.shot.want))
	}
	return missing
}

const drainPoll = 10 * time.Millisecond

// wait sleeps until something has come or is due, and takes what has come.
func (ld *load) wait(events []unix.EpollEvent) error {
	sleep := drainPoll
	if !ld.stopping.Load() {
		sleep = max(1, min(sleep, ld.pace.next()-ld.now()))
	}
	// Setting the timer anew also makes it forget that it went off.
	if err := unix.TimerfdSettime(ld.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(sleep))}, nil); err != nil {
		return fmt.Errorf("timer: %w", err)
	}
	n, err := unix.EpollWait(ld.poll, events, -1)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("epoll: %w", err)
	}
	for _, ev := range events[:max(n, 0)] {
		if ev.Fd == timerSlot {
			continue
		}
		if err := ld.receive(int(ev.Fd)); err != nil {
			return err
		}
	}
	return nil
}

func (ld *load) receive(i int) error {
	c := &ld.clients[i]
	wasIdle := c.shot == nil
	n, err := c.receive()
	if n > 0 {
		now := ld.now()
		ld.answered.Add(int64(n))
		for range n {
			ld.note(c.at, now)
		}
	}
	if err != nil {
		if wasIdle {
			ld.forget(i)
		}
		return ld.fail(i, err)
	}
	if !wasIdle && c.shot == nil {
		ld.idle.push(i)
	}
	return nil
}

// note records the latency of a request, if the time meant for it lies within the window.
func (ld *load) note(at, now time.Duration) {
	if from, to := ld.from.Load(), ld.to.Load(); int64(at) >= from && int64(at) < to {
		ld.latency.Record(now - at)
	}
}

// fail counts what a connection that is not idle still owed, and replaces it.
func (ld *load) fail(i int, err error) error {
	c := &ld.clients[i]
	lost := 1 // a connection that broke while idle is an error, too
	if c.shot != nil {
		lost = len(c.shot.want) - c.got
	}
	ld.failed.Add(int64(max(lost, 1)))
	if ld.failure == nil {
		ld.failure = err
	}
	if ld.failed.Load() > maxFailures {
		return fmt.Errorf("gave up after %d failed requests", ld.failed.Load())
	}
	unix.Close(c.fd)
	c.fd = -1
	return ld.connect(i)
}

// forget takes a client out of the idle ones.
func (ld *load) forget(i int) {
	for n := ld.idle.len(); n > 0; n-- {
		if j := ld.idle.pop(); j != i {
			ld.idle.push(j)
		}
	}
}
