package certs

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	firstRetry = time.Minute // after a failure; doubled with each further one
	lastRetry  = time.Hour
	fetchers   = 4 // requests at a time: one responder that hangs must not hold up the others
)

// staple is what the stapler knows of one pair. It belongs to the goroutine that refreshes the pair.
type staple struct {
	known    bool // sub and has are set
	has      bool // there is a responder
	sub      subject
	due      time.Time // of the next request
	expires  time.Time // of the staple that is served; zero without
	failures int       // since the last success
	revoked  bool      // and that is why
}

// stapler keeps the staples of a Set fresh.
type stapler struct {
	set  *Set
	cfg  *OCSP
	kick chan struct{}
}

func newStapler(s *Set) *stapler { return &stapler{s, s.cfg.OCSP, make(chan struct{}, 1)} }

// wake has it look at new certificates.
func (st *stapler) wake() {
	select {
	case st.kick <- struct{}{}:
	default:
	}
}

func (st *stapler) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with run
		select {
		case <-st.set.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-st.set.done:
			return
		case <-st.kick:
		case <-timer.C:
		}
		next := st.round(ctx)
		timer.Reset(max(next.Sub(st.set.cfg.now()), time.Second))
	}
}

// round refreshes what is due, and returns when the next one will be.
func (st *stapler) round(ctx context.Context) (next time.Time) {
	pairs := st.set.names.Load().pairs
	room := make(chan struct{}, fetchers)
	var running sync.WaitGroup
	for _, p := range pairs {
		if st.set.cfg.now().Before(p.staple.next()) || ctx.Err() != nil {
			continue
		}
		room <- struct{}{}
		running.Go(func() {
			st.refresh(ctx, p)
			<-room
		})
	}
	running.Wait()
	next = st.set.cfg.now().Add(lastRetry)
	for _, p := range pairs {
		if at := p.staple.next(); at.Before(next) {
			next = at
		}
	}
	return next
}

// next is when there is something to do for the pair: a request, or taking an old staple away.
func (s *staple) next() time.Time {
	switch {
	case s.known && !s.has:
		return time.Unix(1<<40, 0) // never
	case !s.expires.IsZero() && s.expires.Before(s.due):
		return s.expires
	}
	return s.due
}

// refresh brings one pair's staple up to date.
func (st *stapler) refresh(ctx context.Context, p *pair) {
	s, now := &p.staple, st.set.cfg.now()
	if !s.known {
		if done := st.begin(p, now); done {
			return
		}
	}
	if !s.expires.IsZero() && !now.Before(s.expires) {
		s.drop(p)
	}
	if now.Before(s.due) || !s.has {
		return
	}
	der, err := st.cfg.fetch(ctx, s.sub)
	if ctx.Err() != nil {
		return // closing
	}
	var res *ocsp.Response
	if err == nil {
		res, err = s.sub.verify(der, now)
	}
	if err != nil {
		st.failed(p, err, now)
		return
	}
	if s.failures > 0 {
		st.set.cfg.Logger.Info("ringwire: OCSP staple is there again", about(p.source, p.cert.Load())...)
	}
	s.failures, s.revoked = 0, false
	s.put(p, res)
	// A responder that hands out old responses, or short-lived ones, is not asked all the time.
	s.due = laterOf(s.due, now.Add(min(lastRetry, max(firstRetry, res.NextUpdate.Sub(now)/2))))
	if err := st.cfg.store(s.sub, der); err != nil {
		st.set.cfg.Logger.Warn("ringwire: OCSP staple not stored", "err", err)
	}
}

// begin finds out whether there can be a staple, and whether an earlier process has left one that
// serves for now.
func (st *stapler) begin(p *pair, now time.Time) (done bool) {
	s := &p.staple
	var err error
	s.sub, s.has, err = subjectOf(p.cert.Load())
	s.known = true
	if err != nil {
		s.has = false // no request will make it better
		st.set.cfg.Logger.Warn("ringwire: certificate is served without OCSP staple",
			append(about(p.source, p.cert.Load()), "err", err)...)
	}
	if !s.has {
		return true
	}
	if der := st.cfg.cached(s.sub); der != nil {
		if res, err := s.sub.verify(der, now); err == nil {
			s.put(p, res)
		}
	}
	return false
}

// failed plans the next attempt. A staple that is still good is served on, but not that of a certificate
// which is known to be revoked.
func (st *stapler) failed(p *pair, err error, now time.Time) {
	s := &p.staple
	tell := s.failures == 0
	if errors.Is(err, errRevoked) {
		s.drop(p)
		tell = tell || !s.revoked
		s.revoked = true
	}
	s.due = now.Add(min(firstRetry<<min(s.failures, 10), lastRetry))
	s.failures++
	if tell {
		st.set.cfg.Logger.Error("ringwire: no OCSP staple fetched, will try again",
			append(about(p.source, p.cert.Load()), "responder", s.sub.url, "err", err)...)
	}
}

// put serves a response, and plans its successor for the middle of its validity.
func (s *staple) put(p *pair, res *ocsp.Response) {
	s.due = res.ThisUpdate.Add(res.NextUpdate.Sub(res.ThisUpdate) / 2)
	s.expires = res.NextUpdate
	cert := *p.cert.Load()
	cert.OCSPStaple = res.Raw
	p.cert.Store(&cert)
}

func (s *staple) drop(p *pair) {
	s.expires = time.Time{}
	cert := *p.cert.Load()
	cert.OCSPStaple = nil
	p.cert.Store(&cert)
}

func laterOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
