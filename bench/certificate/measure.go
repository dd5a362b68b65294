//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/figure"
	"github.com/ringwire/ringwire/bench/internal/process"
)

// result is what became of one contestant.
type result struct {
	Name     string    `json:"name"`
	Judged   bool      `json:"judged"`
	Figures  figures   `json:"figures"`
	Verdict  verdict   `json:"verdict"`
	Failure  string    `json:"failure,omitempty"` // why there are no figures
	Culprits *culprits `json:"culprits,omitempty"`
}

// measurer makes the measurements of one run.
type measurer struct {
	opts     *options
	bin      string // directory of the programs
	progress io.Writer
}

// certify measures a contestant, judges it, and looks for whoever allocated.
func (m *measurer) certify(ctx context.Context, c *contestant) result {
	r := result{Name: c.name, Judged: c.judged, Verdict: verdict{Outcome: unjudged}}
	f, err := m.measure(ctx, c)
	r.Figures = f
	if err != nil {
		r.Failure = err.Error()
		if c.judged {
			r.Verdict = verdict{Outcome: broken, Reasons: []string{"it could not be measured: " + r.Failure}}
		}
		return r
	}
	if c.judged {
		r.Verdict = judge(&f)
	}
	if r.Verdict.heap || m.opts.profile {
		m.say("%s: looking for who allocates, in a run of its own", c.name)
		if r.Culprits, err = m.profile(ctx, c, f.Pace); err != nil {
			m.say("%s: no profile: %v", c.name, err)
		}
	}
	return r
}

func (m *measurer) say(format string, args ...any) { fmt.Fprintf(m.progress, format+"\n", args...) }

// session is a server under load.
type session struct {
	*child
	load *load
	pace float64
	cost audit.Cost
}

// restTime lets a server finish its start, and what the connection cost that saw it listening.
const restTime = 100 * time.Millisecond

// open starts a contestant and the load on it, and warms both up.
func (m *measurer) open(ctx context.Context, c *contestant, pace float64, profiled bool) (*session, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	srv, err := startChild(ctx, c.start(m.bin, addr, profiled), addr)
	if err != nil {
		return nil, err
	}
	s := &session{child: srv, pace: pace}
	time.Sleep(restTime)
	if err := s.ask("cost", &s.cost); err != nil {
		srv.stop()
		return nil, err
	}
	if s.load, err = startLoad(netip.MustParseAddrPort(addr), m.opts.conns, pace, m.opts.patience); err != nil {
		srv.stop()
		return nil, err
	}
	if err := m.warmUp(ctx, c, s); err != nil {
		return nil, s.end(err)
	}
	return s, nil
}

// end stops load and server. An error of the load is only part of it if there is another: alone it is a figure.
func (s *session) end(err error) error {
	if loadErr := s.load.stop(); err != nil {
		err = errors.Join(err, loadErr)
	}
	s.stop()
	return err
}

const attempts = 4 // to find a pace that can be held

// warmUp lets the load run. A short run looks for a pace that the machine can hold: there allocations are the
// question, and they are the same for each request at any pace.
func (m *measurer) warmUp(ctx context.Context, c *contestant, s *session) error {
	for attempt := 1; ; attempt++ {
		if err := s.wait(ctx, m.opts.warmup/2); err != nil {
			return err
		}
		before, from := s.load.answered.Load(), time.Now()
		if err := s.wait(ctx, m.opts.warmup/2); err != nil {
			return err
		}
		rate := float64(s.load.answered.Load()-before) / time.Since(from).Seconds()
		lower := lowerPace(s.pace, rate)
		if !m.opts.short || rate >= 0.98*s.pace || lower == 0 || attempt == attempts {
			return nil
		}
		m.say("%s: %s requests/s cannot be held, going on with %s", c.name, figure.Thousands(s.pace), figure.Thousands(lower))
		s.pace = lower
		s.load.setRate(lower)
	}
}

// wait lets time pass, unless something happens that makes waiting vain.
func (s *session) wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-s.Exited:
		return s.Died()
	case <-s.load.ended:
		return errors.New("the load has ended")
	case <-ctx.Done():
		return errors.New("interrupted")
	}
}

// tailTime is how long after the window requests of the window may be answered before the collector is run.
const tailTime = 20 * time.Millisecond

// measure takes the figures of one contestant.
func (m *measurer) measure(ctx context.Context, c *contestant) (f figures, err error) {
	s, err := m.open(ctx, c, m.opts.rate, false)
	if err != nil {
		return f, err
	}
	w, requests, err := m.window(ctx, s, &f)
	if err := s.end(err); err != nil {
		return f, err
	}
	f.Pace, f.Cost = s.pace, s.cost
	f.fillWindow(w, requests)
	f.fillLatency(&s.load.latency)
	f.Errors, f.Late = s.load.failed.Load(), s.load.late.Load()
	if s.load.failure != nil {
		f.Error = s.load.failure.Error()
	}
	return f, nil
}

// window is the measured time. The collection before it empties every sync.Pool, so the load goes on for a while
// until they are full again; within the window there is no collection but the server's own.
func (m *measurer) window(ctx context.Context, s *session, f *figures) (w *audit.Window, requests int64, err error) {
	if err := s.ask("collect", nil); err != nil {
		return nil, 0, err
	}
	if err := s.wait(ctx, m.opts.settle); err != nil {
		return nil, 0, err
	}
	before, err := s.rss()
	if err != nil {
		return nil, 0, err
	}
	if err := s.ask(fmt.Sprintf("begin %v", m.opts.interval()), nil); err != nil {
		return nil, 0, err
	}
	requests = s.load.answered.Load()
	s.load.record()
	if err := s.wait(ctx, m.opts.duration); err != nil {
		return nil, 0, err
	}
	s.load.until()
	if err := s.wait(ctx, tailTime); err != nil {
		return nil, 0, err
	}
	requests = s.load.answered.Load() - requests
	after, err := s.rss()
	if err != nil {
		return nil, 0, err
	}
	w = new(audit.Window)
	if err := s.ask("end", w); err != nil {
		return nil, 0, err
	}
	f.RSS, f.RSSGrowth = after, float64(after-before)/w.Seconds()
	return w, requests, nil
}
