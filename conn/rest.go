package conn

import (
	"time"

	"github.com/ringwire/ringwire/tls"
)

// A session of TLS keeps 1.5 KiB of expanded keys, which 10 000 connections that do nothing need
// not have. So sessions that were not used for a while rest, when there are many of them. A sweep
// goes over all connections, a few at a time, again and again: what has not been used since the
// sweep before is let go.

const (
	restSweep = 2 * time.Second // how long one sweep takes
	restSteps = 64              // in how many parts it is made
	restAbove = 1024            // what rester.above is
)

// rester is where the sweep is.
type rester struct {
	above int   // how many sessions may be awake without regard
	awake int   // those that have their expanded keys
	page  int   // of connections, the next one
	at    int64 // when it is due, loop time, 0 = never
}

// pulse says how long ago a session was used.
type pulse uint8

const (
	stiff   pulse = iota // it does not rest: the handshake is not over, or crypto/tls has the records
	used                 // since the last sweep
	idle                 // before it
	resting              // for long
)

// begin counts a session whose handshake is over.
func (l *Loop) begin(s *secure) {
	if s.session.Info().Plane == tls.RecordInPlace {
		s.pulse = used
		l.rest.awake++
	}
}

// used notes that a session opens or seals something.
func (l *Loop) used(s *secure) {
	switch s.pulse {
	case resting:
		l.rest.awake++
		s.pulse = used
	case idle:
		s.pulse = used
	}
}

// forget no longer counts a session.
func (l *Loop) forget(s *secure) {
	if s.pulse == used || s.pulse == idle {
		l.rest.awake--
	}
	s.pulse = stiff
}

// restIdle is called in each turn and returns when it wants to be called again, 0 = not.
func (l *Loop) restIdle() int64 {
	r := &l.rest
	if r.awake <= r.above {
		r.at = 0
		return 0
	}
	pages := (len(l.pages) + restSteps - 1) / restSteps // in a step
	if r.at != 0 && l.now < r.at {
		return r.at
	}
	if r.at != 0 {
		for range pages {
			l.restPage()
		}
	}
	r.at = l.now + int64(restSweep)*int64(pages)/int64(len(l.pages))
	return r.at
}

func (l *Loop) restPage() {
	r := &l.rest
	if r.page >= len(l.pages) {
		r.page = 0
	}
	for i := range l.pages[r.page] {
		s := l.pages[r.page][i].sec
		if s == nil {
			continue
		}
		switch s.pulse {
		case used:
			s.pulse = idle
		case idle:
			s.pulse = resting
			s.session.Rest()
			r.awake--
		}
	}
	r.page++
}
