package certs

import (
	"crypto/rand"
	stdtls "crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// TicketConfig says where the keys of session tickets come from. With neither SecretFile nor
// KeyFiles they are random, and known to this process only.
type TicketConfig struct {
	// SecretFile holds a secret of 32 bytes or more, the same one for all processes that are to
	// resume each other's sessions. They derive their keys from it and the time (HKDF-SHA-256, RFC 5869)
	// and agree without talking, as long as their clocks differ by less than Period. Everybody who
	// learns the secret can derive the keys of all times: change it now and then. The keys of the
	// secret before stay accepted for Lifetime.
	//
	//	head -c 48 /dev/urandom > tickets.secret
	SecretFile string

	// KeyFiles hold one key each, in 32 to 1024 random bytes: the first one is that of new tickets, the others
	// are accepted. They are rotated by whoever writes the files. The form is that of nginx's
	// ssl_session_ticket_key; the tickets are not the same as nginx's.
	KeyFiles []string

	// Period is how long a key makes new tickets. Default 8 h. It is not used with KeyFiles.
	Period time.Duration

	// Lifetime is how long a key is accepted after that. Default 24 h, negative not at all; the most
	// is 7 days, the longest that a ticket may live (RFC 8446 §4.6.1).
	Lifetime time.Duration

	Interval time.Duration // how often files are looked at; default 10 s, negative never

	// Logger receives rotations and failures. Default slog.Default().
	Logger *slog.Logger

	now func() time.Time // for tests
}

const (
	defaultPeriod   = 8 * time.Hour
	defaultLifetime = 24 * time.Hour
	maxLifetime     = 7 * 24 * time.Hour
	maxTicketKeys   = 64 // each is tried on a ticket of which none is the key
)

func (cfg TicketConfig) withDefaults() (TicketConfig, error) {
	defaultTime(&cfg.Period, defaultPeriod)
	defaultTime(&cfg.Lifetime, defaultLifetime)
	defaultTime(&cfg.Interval, DefaultInterval)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	cfg.Lifetime = max(cfg.Lifetime, 0)
	switch {
	case cfg.SecretFile != "" && len(cfg.KeyFiles) > 0:
		return cfg, &ConfigError{"KeyFiles", "SecretFile is set, too: keys come from one of them"}
	case cfg.Period < time.Minute || cfg.Period > maxLifetime:
		return cfg, &ConfigError{"Period", "it must be between a minute and 7 days"}
	case cfg.Lifetime > maxLifetime:
		return cfg, &ConfigError{"Lifetime", "it is more than 7 days, the longest that a ticket may live (RFC 8446 §4.6.1)"}
	case cfg.periods()+2 > maxTicketKeys:
		return cfg, &ConfigError{"Lifetime", "it is more than 62 times Period: that many keys are tried on each ticket"}
	case len(cfg.KeyFiles) > maxTicketKeys:
		return cfg, &ConfigError{"KeyFiles", "there are more than 64: all are tried on each ticket"}
	}
	return cfg, nil
}

// periods is how many periods before the present one have keys that are accepted.
func (cfg *TicketConfig) periods() int64 {
	return int64((cfg.Lifetime + cfg.Period - 1) / cfg.Period)
}

// Tickets are the keys that session tickets are sealed with. Who has a key can read what is
// resumed by its tickets (with TLS 1.2 all of it), so that keys are replaced every Period and
// forgotten after Lifetime.
//
// A Config of crypto/tls gets them by [Tickets.Apply], and again when [Tickets.Generation] has moved. A loop
// that owns a Config looks once per handshake, which is one atomic load:
//
//	if g := tickets.Generation(); g != seen {
//		seen = tickets.Apply(cfg)
//	}
//
// Or [Tickets.Attach] keeps a Config up to date.
//
// The keys must not be given to another TLS engine that allows early data: a ticket of its
// making could be resumed here, where nothing is known of replays, and the other way round.
type Tickets struct {
	cfg        TicketConfig
	generation atomic.Uint64 // moves when keys do

	mu       sync.Mutex // what follows; not needed by handshakes
	source   ticketSource
	keys     [][32]byte
	attached []*stdtls.Config
	alarm    alarm
	closed   bool

	done    chan struct{}
	running sync.WaitGroup
}

// ticketSource says which keys there are.
type ticketSource interface {
	// keys appends the keys of this moment to dst, that of new tickets first, or nothing when they
	// are those of the last call. forced asks for
	// files to be read, and for a new key where it is chosen here.
	keys(dst [][32]byte, now time.Time, forced bool) ([][32]byte, error)
	wipe()
}

// NewTickets makes or reads the first keys, and sees to the next ones until Close.
func NewTickets(cfg TicketConfig) (*Tickets, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Tickets{cfg: cfg, done: make(chan struct{})}
	interval := cfg.Interval
	cfg.Lifetime = max(cfg.Lifetime, 0)
	switch {
	case cfg.SecretFile != "":
		t.source = &sharedSecret{cfg: &t.cfg}
	case len(cfg.KeyFiles) > 0:
		t.source = &keyFiles{names: cfg.KeyFiles, watch: interval > 0}
	default:
		t.source = &randomKeys{cfg: &t.cfg, random: func(p []byte) { _, _ = rand.Read(p) }}
	}
	if err := t.update(true); err != nil {
		t.source.wipe()
		return nil, err
	}
	if interval < 0 {
		interval = min(cfg.Period/16, time.Minute) // the clock is looked at in any case
	}
	t.running.Go(func() { every(interval, t.done, t.look) })
	return t, nil
}

// Close ends what runs in the background and wipes the keys. Configs that have them keep them.
// It never fails.
func (t *Tickets) Close() error {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.done)
		t.source.wipe()
		clear(t.keys)
		t.keys, t.attached = nil, nil
	}
	t.mu.Unlock()
	t.running.Wait()
	return nil
}

// Generation is another number each time the keys are others. It is one atomic load.
func (t *Tickets) Generation() uint64 { return t.generation.Load() }

// Apply gives the keys to cfg and returns their generation. cfg may be serving. After Close it
// changes nothing.
func (t *Tickets) Apply(cfg *stdtls.Config) (generation uint64) {
	return t.Keys(func(keys [][32]byte) { cfg.SetSessionTicketKeys(keys) })
}

// Attach gives the keys to cfg, now and whenever they change, until Close.
func (t *Tickets) Attach(cfg *stdtls.Config) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.attached = append(t.attached, cfg)
	cfg.SetSessionTicketKeys(t.keys)
}

// Keys calls use with the keys, that of new tickets first, and returns their generation. They are
// borrowed until use returns, and wiped when they are replaced. use must not call t. After Close it
// is not called.
func (t *Tickets) Keys(use func(keys [][32]byte)) (generation uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		use(t.keys)
	}
	return t.generation.Load()
}

// Rotate makes a new key now, where keys are random, and reads the files again in any case: a new
// secret or list of keys is in use when it returns. Keys that are derived from the time change with
// that. On an error the old keys stay.
func (t *Tickets) Rotate() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return ErrClosed
	}
	err := t.update(true)
	if err != nil {
		t.alarm.tell(err)
		t.cfg.Logger.Error("ringwire: session ticket keys not changed", "err", err)
	}
	return err
}

// look is called by the clock.
func (t *Tickets) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if err := t.update(false); t.alarm.found(err) {
		t.cfg.Logger.Error("ringwire: session ticket keys not changed", "err", err)
	}
}

// update asks the source, and hands on what is new. The old keys are wiped: whoever got them has
// copies.
func (t *Tickets) update(forced bool) error {
	keys, err := t.source.keys(make([][32]byte, 0, maxTicketKeys), t.cfg.now(), forced)
	if len(keys) == 0 || sameKeys(keys, t.keys) {
		clear(keys)
		return err
	}
	clear(t.keys)
	t.keys = keys
	for _, cfg := range t.attached {
		cfg.SetSessionTicketKeys(keys)
	}
	t.generation.Add(1)
	return err
}

func sameKeys(a, b [][32]byte) bool {
	same := len(a) == len(b)
	for i := 0; same && i < len(a); i++ {
		same = a[i] == b[i] // both are ours: nobody measures this
	}
	return same
}
