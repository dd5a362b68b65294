package certs

import (
	stdtls "crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// ECHConfig says which keys a server accepts Encrypted Client Hello with.
type ECHConfig struct {
	// Files hold a key each, as RFC 9934 has it ([NewECHKey] makes them). The first one is published, and sent
	// to clients that come with a key of somebody else or of yesterday. The others are accepted
	// from clients whose DNS is not up to date. To rotate, make a new key with another ID, put
	// its file first and drop the last one, not before the old record's time to live is over. Most easily the
	// names stay and the files move: ech.pem to ech.old.pem, the new one to ech.pem.
	Files []string

	Interval time.Duration // how often files are looked at; default 10 s, negative never

	// Logger receives reloads and failures. Default slog.Default().
	Logger *slog.Logger

	now func() time.Time // for tests
}

func (cfg ECHConfig) withDefaults() (ECHConfig, error) {
	if len(cfg.Files) == 0 {
		return cfg, &ConfigError{"Files", "there are none: a server needs a key"}
	}
	defaultTime(&cfg.Interval, DefaultInterval)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	return cfg, nil
}

// ECH keeps a server's keys of Encrypted Client Hello: with them the name that a client asks for is hidden
// from the network (RFC 9849; crypto/tls speaks the draft's version 0xfe0d, which is the RFC's). It needs TLS
// 1.3, a certificate for the public name, and [ECH.ConfigList] in DNS. Clients without it are served as ever.
type ECH struct {
	cfg  ECHConfig
	keys atomic.Pointer[echKeys] // replaced as a whole, never written

	mu      sync.Mutex // what follows; not needed by handshakes
	watched watched
	alarm   alarm
	closed  bool

	done    chan struct{}
	running sync.WaitGroup
}

type echKeys struct {
	digest digest
	list   []byte
	server []stdtls.EncryptedClientHelloKey
}

// NewECH reads the keys and starts to look after their files. Close ends it.
func NewECH(cfg ECHConfig) (*ECH, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &ECH{cfg: cfg, done: make(chan struct{})}
	e.watched.changed(cfg.Files, cfg.now())
	if err := e.read(); err != nil {
		return nil, err
	}
	if cfg.Interval > 0 {
		e.running.Go(func() { every(cfg.Interval, e.done, e.look) })
	}
	return e, nil
}

// Close ends what runs in the background. The keys stay usable. It never fails.
func (e *ECH) Close() error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		close(e.done)
	}
	e.mu.Unlock()
	e.running.Wait()
	return nil
}

// Keys is for Config.GetEncryptedClientHelloKeys of crypto/tls. It does not allocate. The keys are shared:
// they must not be written.
func (e *ECH) Keys(*stdtls.ClientHelloInfo) ([]stdtls.EncryptedClientHelloKey, error) {
	return e.keys.Load().server, nil
}

// ConfigList is the ECHConfigList to publish: the first file's config. It is shared, and must
// not be written.
func (e *ECH) ConfigList() []byte { return e.keys.Load().list }

// Reload reads the files again. All of them are taken or, with an error, none.
func (e *ECH) Reload() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	e.watched.changed(e.cfg.Files, e.cfg.now())
	err := e.read()
	if err != nil {
		e.alarm.tell(err)
		e.report(err)
	} else {
		e.alarm.found(nil)
	}
	return err
}

// look is called by the clock.
func (e *ECH) look() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if changed := e.watched.changed(e.cfg.Files, e.cfg.now()); !changed && !e.alarm.failing() {
		return
	}
	if err := e.read(); e.alarm.found(err) {
		e.report(err)
	}
}

func (e *ECH) report(err error) {
	e.cfg.Logger.Error("ringwire: ECH keys not reloaded, the old ones stay", "err", err)
}

func (e *ECH) read() error {
	next := new(echKeys)
	ids := map[uint8]string{}
	for i, name := range e.cfg.Files {
		text, err := readFile(name)
		if err != nil {
			return &Error{name, err, remedyFor(err)}
		}
		next.digest = sumOf(next.digest[:], text)
		k, err := ParseECHKey(text)
		clear(text)
		if err != nil {
			return &Error{name, err, ""}
		}
		if other, taken := ids[k.ID]; taken {
			// While files are moved around, one may be there twice.
			return &Error{name, fmt.Errorf("its ID %d is that of %s, too", k.ID, other), "make each key with another ID"}
		}
		ids[k.ID] = name
		if i == 0 {
			next.list = k.ConfigList()
		}
		next.server = append(next.server, k.server(i == 0))
	}
	old := e.keys.Load()
	if old != nil && old.digest == next.digest {
		return nil
	}
	e.keys.Store(next)
	if old != nil {
		e.cfg.Logger.Info("ringwire: ECH keys reloaded", "keys", len(next.server))
	}
	return nil
}
