package certs

import (
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Config says which certificates there are. It must not be changed once it was given to [New].
type Config struct {
	// Sources are the certificates, of any number of names. The first one is the default: it
	// is served to clients that name no server, or one that no certificate is for. A name may have
	// several, one for each kind of key: ECDSA is served to clients that can, RSA to the others.
	Sources []Source

	// RejectUnknown refuses names that no certificate is for with the alert unrecognized_name
	// (RFC 6066 §3), in place of the default certificate. Clients that name no server still get that.
	RejectUnknown bool

	// AllowExpired takes expired certificates, too. By default they are an error, but for one that
	// expires while it is served: it stays until a better one comes.
	AllowExpired bool

	Interval      time.Duration // how often files are looked at; default 10 s, negative never
	ExpiryWarning time.Duration // how long before its end a certificate is warned of, daily; default 14 days, negative not

	// OCSP fetches staples in the background. Default nil: none are.
	OCSP *OCSP

	// Logger receives reloads, failures and warnings. Default slog.Default().
	Logger *slog.Logger

	now func() time.Time // for tests
}

func (cfg Config) withDefaults() (Config, error) {
	if len(cfg.Sources) == 0 {
		return cfg, &ConfigError{"Sources", "there are none: a server needs a certificate"}
	}
	defaultTime(&cfg.Interval, DefaultInterval)
	defaultTime(&cfg.ExpiryWarning, 14*24*time.Hour)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	return cfg, nil
}

// defaultTime reads the convention of configurations: 0 is the default. Negative stays.
func defaultTime(v *time.Duration, def time.Duration) {
	if *v == 0 {
		*v = def
	}
}

// Set is a set of certificates that a server chooses from by name, and a client by what a
// server asks for. Its methods may be called from any goroutine.
type Set struct {
	cfg   Config
	names atomic.Pointer[names] // replaced as a whole, never written

	mu     sync.Mutex // what follows; not needed by handshakes
	slots  []*slot
	warned time.Time // when expiry was told last
	closed bool

	reloads  atomic.Uint64
	failures atomic.Uint64
	lastErr  atomic.Pointer[error]

	stapler *stapler // nil without Config.OCSP
	done    chan struct{}
	running sync.WaitGroup
}

// slot is a source and what was made of it last.
type slot struct {
	source  Source
	pair    *pair
	watched watched
	alarm   alarm
}

// pair is a certificate with its key. Only its staple changes: another certificate is another pair.
type pair struct {
	source Source
	digest digest
	cert   atomic.Pointer[stdtls.Certificate]
	staple staple
}

func newPair(source Source, sum digest, cert *stdtls.Certificate) *pair {
	p := &pair{source: source, digest: sum}
	p.cert.Store(cert)
	return p
}

func (p *pair) leaf() *x509.Certificate { return p.cert.Load().Leaf }

// New loads all certificates and starts to look after them. An error names every source that
// cannot be used; nothing is started then. Close ends it.
func New(cfg Config) (*Set, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.OCSP != nil {
		ocsp, err := cfg.OCSP.withDefaults()
		if err != nil {
			return nil, err
		}
		cfg.OCSP = &ocsp
	}
	s := &Set{cfg: cfg, done: make(chan struct{})}
	if s.slots, err = s.loadAll(cfg.Sources, nil); err != nil {
		return nil, err
	}
	s.cfg.Sources = nil // keys in memory are not kept alive twice
	s.publish()
	s.warnExpiry(cfg.now())
	if cfg.OCSP != nil {
		s.stapler = newStapler(s)
		s.running.Go(s.stapler.run)
	}
	if cfg.Interval > 0 {
		s.running.Go(func() { every(cfg.Interval, s.done, s.look) })
	}
	return s, nil
}

// Close ends what runs in the background and waits for it. The certificates stay usable: connections may
// still begin. It never fails.
func (s *Set) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// GetCertificate is for Config.GetCertificate of crypto/tls, whose Certificates must be left
// empty. It finds the certificate in constant time and without allocating, but for what
// [stdtls.ClientHelloInfo.SupportsCertificate] takes when a name has several. The certificate is
// shared: it must not be written.
func (s *Set) GetCertificate(hello *stdtls.ClientHelloInfo) (*stdtls.Certificate, error) {
	n := s.names.Load()
	exact, wildcard := n.find(hello.ServerName)
	if len(exact)+len(wildcard) == 0 {
		if s.cfg.RejectUnknown && hello.ServerName != "" {
			return nil, nil // crypto/tls answers unrecognized_name when it has no other
		}
		exact = n.fallback()
	}
	return choose(hello, exact, wildcard).cert.Load(), nil
}

// fallback are the pairs for clients whose name is not known: the first one, and those for the same
// name with other kinds of key.
func (n *names) fallback() []*pair {
	first := n.pairs[:1]
	if same := first[0].leaf().DNSNames; len(same) > 0 {
		exact, wildcard := n.find(same[0])
		if len(exact) > 0 {
			return exact
		}
		if len(wildcard) > 0 {
			return wildcard
		}
	}
	return first
}

// choose takes the first that the client can verify. When there is none, the handshake is going to fail, and
// the first one makes it fail with the alert that says why.
func choose(hello *stdtls.ClientHelloInfo, lists ...[]*pair) *pair {
	var first *pair
	n := 0
	for _, list := range lists {
		if n += len(list); first == nil && len(list) > 0 {
			first = list[0]
		}
	}
	if n == 1 {
		return first
	}
	nameless := *hello
	nameless.ServerName = "" // compared already; the default is for any
	for _, list := range lists {
		for _, p := range list {
			if nameless.SupportsCertificate(p.cert.Load()) == nil {
				return p
			}
		}
	}
	return first
}

// GetClientCertificate is for Config.GetClientCertificate of crypto/tls: the first source's
// certificate that the server accepts, none when it accepts none of them.
func (s *Set) GetClientCertificate(req *stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) {
	for _, p := range s.names.Load().pairs {
		if cert := p.cert.Load(); req.SupportsCertificate(cert) == nil {
			return cert, nil
		}
	}
	return new(stdtls.Certificate), nil
}

// Stats are figures about a Set.
type Stats struct {
	Certificates int
	Names        int       // distinct ones, wildcards included
	Stapled      int       // certificates that carry an OCSP staple now
	Expires      time.Time // when the first certificate expires
	Reloads      uint64    // certificates taken since New
	Failures     uint64    // certificates that were refused since New
	LastError    error     // of the last refusal
}

// Stats returns the figures of this moment.
func (s *Set) Stats() Stats {
	n := s.names.Load()
	st := Stats{Certificates: len(n.pairs), Names: n.len(), Reloads: s.reloads.Load(), Failures: s.failures.Load()}
	for _, p := range n.pairs {
		cert := p.cert.Load()
		if end := cert.Leaf.NotAfter; st.Expires.IsZero() || end.Before(st.Expires) {
			st.Expires = end
		}
		if len(cert.OCSPStaple) > 0 {
			st.Stapled++
		}
	}
	if err := s.lastErr.Load(); err != nil {
		st.LastError = *err
	}
	return st
}

// loadAll makes slots of sources, or an error that names all bad ones. Pairs that are among the old ones
// are taken over with their staples.
func (s *Set) loadAll(sources []Source, old []*slot) ([]*slot, error) {
	known := make(map[digest]*pair, len(old))
	for _, sl := range old {
		known[sl.pair.digest] = sl.pair
	}
	now := s.cfg.now()
	slots := make([]*slot, len(sources))
	var errs []error
	for i, source := range sources {
		sl := &slot{source: source.kept()}
		sl.watched.changed(source.files(), now) // before it is read
		cert, sum, err := source.load(digest{})
		switch {
		case err != nil:
		case known[sum] != nil:
			sl.pair = known[sum]
			delete(known, sum) // a pair is in one place
		case !s.cfg.AllowExpired && source.checkTime(cert, now) != nil:
			err = source.checkTime(cert, now)
		default:
			sl.pair = newPair(sl.source, sum, cert)
			s.remark(sl.pair)
		}
		if err != nil {
			errs = append(errs, err)
		}
		slots[i] = sl
	}
	return slots, errors.Join(errs...)
}
