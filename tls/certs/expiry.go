package certs

import (
	"bytes"
	"time"
)

// warnEvery is how often the end of a certificate is told.
const warnEvery = 24 * time.Hour

// maxWarnings is how many certificates are told of at a time, one by one.
const maxWarnings = 10

// warnExpiry tells once a day of certificates that end soon, or have ended.
func (s *Set) warnExpiry(now time.Time) {
	if s.cfg.ExpiryWarning < 0 || (!s.warned.IsZero() && now.Sub(s.warned) < warnEvery) {
		return
	}
	s.warned = now
	told := 0
	for _, sl := range s.slots {
		cert := sl.pair.cert.Load()
		left := cert.Leaf.NotAfter.Sub(now)
		if left >= s.cfg.ExpiryWarning {
			continue
		}
		if told++; told > maxWarnings {
			continue
		}
		if left < 0 {
			s.cfg.Logger.Error("ringwire: certificate has expired and is still served: renew it", about(sl.source, cert)...)
		} else {
			s.cfg.Logger.Warn("ringwire: certificate expires soon: renew it",
				append(about(sl.source, cert), "days", int(left/(24*time.Hour)))...)
		}
	}
	if told > maxWarnings {
		s.cfg.Logger.Warn("ringwire: more certificates expire soon", "count", told-maxWarnings)
	}
}

// remark tells of what is allowed but seldom meant.
func (s *Set) remark(p *pair) {
	cert := p.cert.Load()
	switch {
	case IsDevelopment(cert.Leaf):
		s.cfg.Logger.Warn("ringwire: serving a development certificate: for your own machine only", about(p.source, cert)...)
	case s.cfg.OCSP == nil && mustStaple(cert.Leaf):
		s.cfg.Logger.Warn("ringwire: the certificate asks for an OCSP staple: set Config.OCSP", about(p.source, cert)...)
	}
	if len(cert.Certificate) > 1 && bytes.Equal(cert.Certificate[0], cert.Certificate[1]) {
		s.cfg.Logger.Warn("ringwire: the chain holds its first certificate twice", about(p.source, cert)...)
	}
}
