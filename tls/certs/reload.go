package certs

import (
	stdtls "crypto/tls"
	"errors"
	"time"
)

// Reload reads all files again, for SIGHUP and for those who look after files themselves. A pair
// that is good replaces its predecessor as a whole; one that is not leaves that in service and
// is part of the error. One customer's bad file so keeps nobody else's certificate from being
// renewed. Handshakes in flight keep what they have begun with, and connections do not notice.
func (s *Set) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	now := s.cfg.now()
	var errs []error
	for _, sl := range s.slots {
		sl.watched.changed(sl.source.files(), now) // before it is read
		if err := s.reload(sl, now); err != nil {
			errs = append(errs, err)
			s.report(err)
			sl.alarm.tell(err)
		} else {
			sl.alarm.found(nil)
		}
	}
	s.publish()
	return errors.Join(errs...)
}

// Replace serves other sources from now on, with all of them or, when any is bad, none: then
// the error names those, and the old ones stay. Certificates that are among the old ones, too, keep
// their staples.
func (s *Set) Replace(sources []Source) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if len(sources) == 0 {
		return &ConfigError{"Sources", "there are none: a server needs a certificate"}
	}
	slots, err := s.loadAll(sources, s.slots)
	if err != nil {
		s.report(err)
		return err
	}
	s.slots = slots
	s.reloads.Add(uint64(len(slots)))
	s.publish()
	return nil
}

// look is called by the clock: it reads what seems to have changed.
func (s *Set) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.now()
	for _, sl := range s.slots {
		files := sl.source.files()
		if len(files) == 0 {
			continue
		}
		if changed := sl.watched.changed(files, now); !changed && !sl.alarm.failing() {
			continue
		}
		if err := s.reload(sl, now); sl.alarm.found(err) {
			s.report(err)
		}
	}
	s.publish()
	s.warnExpiry(now)
}

// reload reads one source. What is in service changes with publish.
func (s *Set) reload(sl *slot, now time.Time) error {
	if len(sl.source.files()) == 0 {
		return nil // what came from memory is as it was
	}
	cert, sum, err := sl.source.load(sl.pair.digest)
	if err != nil || cert == nil {
		return err
	}
	if !s.cfg.AllowExpired {
		if err := sl.source.checkTime(cert, now); err != nil {
			return err
		}
	}
	sl.pair = newPair(sl.source, sum, cert)
	s.reloads.Add(1)
	s.remark(sl.pair)
	s.cfg.Logger.Info("ringwire: certificate reloaded", about(sl.source, cert)...)
	return nil
}

func (s *Set) report(err error) {
	s.failures.Add(1)
	s.lastErr.Store(&err)
	s.cfg.Logger.Error("ringwire: certificate not reloaded, the old one stays", "err", err)
}

// publish puts the slots' pairs in service. Handshakes see the old ones or the new.
func (s *Set) publish() {
	old := s.names.Load()
	same := old != nil && len(old.pairs) == len(s.slots)
	pairs := make([]*pair, len(s.slots))
	for i, sl := range s.slots {
		pairs[i] = sl.pair
		same = same && old.pairs[i] == sl.pair
	}
	if same {
		return
	}
	s.names.Store(newNames(pairs))
	if s.stapler != nil {
		s.stapler.wake()
	}
}

func about(source Source, cert *stdtls.Certificate) []any {
	return []any{"source", source.String(), "names", shortList(cert.Leaf.DNSNames),
		"expires", cert.Leaf.NotAfter.UTC().Format(time.RFC3339)}
}

// shortList is some of many names.
func shortList(names []string) []string {
	const some = 5
	return names[:min(len(names), some)]
}
