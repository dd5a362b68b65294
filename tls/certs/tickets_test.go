package certs

import (
	"crypto/rand"
	stdtls "crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func newTickets(t testing.TB, cfg TicketConfig) *Tickets {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = new(journal).logger()
	}
	tickets, err := NewTickets(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tickets.Close() })
	return tickets
}

// keysOf copies the keys of this moment.
func keysOf(t *Tickets) (keys [][32]byte) {
	t.Keys(func(k [][32]byte) { keys = slices.Clone(k) })
	return keys
}

func secretFile(t testing.TB, name string) string {
	t.Helper()
	secret := make([]byte, 48)
	_, _ = rand.Read(secret)
	write(t, name, secret)
	return name
}

func TestRandomTicketKeys(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		tickets := newTickets(t, TicketConfig{})
		first := keysOf(tickets)
		generation := tickets.Generation()
		if len(first) != 1 {
			t.Fatalf("%d keys, want 1", len(first))
		}
		pass(8*time.Hour - time.Minute)
		if tickets.Generation() != generation {
			t.Error("the keys have moved before their time")
		}
		pass(2 * time.Minute)
		second := keysOf(tickets)
		if tickets.Generation() == generation || len(second) != 2 || second[0] == first[0] || second[1] != first[0] {
			t.Error("after a period a new key is to stand before the old one")
		}
		pass(24*time.Hour - 2*time.Minute)
		if keys := keysOf(tickets); len(keys) != 4 || keys[3] != first[0] {
			t.Errorf("%d keys after 32 hours less a minute, want 4, the last one the first", len(keys))
		}
		pass(2 * time.Minute)
		if keys := keysOf(tickets); slices.Contains(keys, first[0]) {
			t.Error("a key is accepted longer than Lifetime")
		}
		for range 100 {
			if err := tickets.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
		if keys := keysOf(tickets); len(keys) != maxTicketKeys {
			t.Errorf("%d keys after many rotations, want %d", len(keys), maxTicketKeys)
		}
	})
}

// Processes that share a secret agree at every time, and a clock that is wrong by a minute makes no
// ticket that others cannot read.
func TestSharedTicketKeys(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		name := secretFile(t, filepath.Join(t.TempDir(), "secret"))
		a, b := newTickets(t, TicketConfig{SecretFile: name, Interval: time.Minute}), newTickets(t, TicketConfig{SecretFile: name, Interval: time.Minute})
		ahead := newTickets(t, TicketConfig{SecretFile: name, Interval: time.Minute, now: func() time.Time { return time.Now().Add(time.Minute) }})
		other := newTickets(t, TicketConfig{SecretFile: secretFile(t, name+"2")})
		made := map[[32]byte]time.Time{}
		for range 24 * 12 * 3 {
			pass(5 * time.Minute)
			keys := keysOf(a)
			if !slices.Equal(keys, keysOf(b)) {
				t.Fatal("two processes have other keys")
			}
			if len(keys) != 5 {
				t.Fatalf("%d keys, want 5: now, three before, the next", len(keys))
			}
			if !slices.Contains(keys, keysOf(ahead)[0]) || !slices.Contains(keysOf(ahead), keys[0]) {
				t.Fatal("a minute of difference makes tickets that the other cannot read")
			}
			if slices.Contains(keys, keysOf(other)[0]) {
				t.Fatal("another secret gives the same key")
			}
			made[keys[0]] = time.Now()
			for key, last := range made {
				if age := time.Since(last); age < 24*time.Hour-5*time.Minute && !slices.Contains(keys, key) {
					t.Fatalf("a key is forgotten after %v", age)
				} else if age > 24*time.Hour+5*time.Minute && slices.Contains(keys, key) {
					t.Fatalf("a key is still accepted after %v", age)
				}
			}
		}
		if len(made) < 9 || len(made) > 10 {
			t.Errorf("%d keys in three days, want one each 8 hours", len(made))
		}
	})
}

func TestTicketSecretChanges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		log := new(journal)
		name := secretFile(t, filepath.Join(t.TempDir(), "secret"))
		tickets := newTickets(t, TicketConfig{SecretFile: name, Logger: log.logger()})
		old := keysOf(tickets)
		secretFile(t, name)
		pass(DefaultInterval)
		keys := keysOf(tickets)
		if keys[0] == old[0] || !slices.Contains(keys, old[0]) {
			t.Error("a new secret is to make new tickets, and those of the old one to be accepted")
		}
		pass(23 * time.Hour)
		if !slices.Contains(keysOf(tickets), old[0]) {
			t.Error("tickets of the old secret are not accepted for Lifetime")
		}
		pass(2 * time.Hour)
		if slices.Contains(keysOf(tickets), old[0]) {
			t.Error("tickets of the old secret are accepted for ever")
		}
		// A secret that went bad changes nothing, and time goes on with the one before.
		write(t, name, []byte("short"))
		pass(10 * DefaultInterval)
		log.expect(t, "session ticket keys not changed", 1)
		before := keysOf(tickets)[0]
		pass(9 * time.Hour)
		if now := keysOf(tickets); now[0] == before || !slices.Contains(now, before) {
			t.Error("keys stopped to change with a bad file")
		}
		if err := tickets.Rotate(); err == nil || !strings.Contains(err.Error(), "fewer than 32 bytes") || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that names file and cause", err)
		}
		secretFile(t, name)
		if err := tickets.Rotate(); err != nil {
			t.Error(err)
		}
	})
}

func TestTicketKeyFiles(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		dir := t.TempDir()
		current, previous := secretFile(t, filepath.Join(dir, "current")), secretFile(t, filepath.Join(dir, "previous"))
		tickets := newTickets(t, TicketConfig{KeyFiles: []string{current, previous}})
		keys := keysOf(tickets)
		pass(10 * time.Hour)
		if !slices.Equal(keysOf(tickets), keys) {
			t.Error("keys from files are changed by the files only")
		}
		if err := os.Rename(current, previous); err != nil {
			t.Fatal(err)
		}
		pass(5 * DefaultInterval) // half of a rotation
		if !slices.Equal(keysOf(tickets), keys) {
			t.Error("a file that is missing took keys away")
		}
		secretFile(t, current)
		pass(DefaultInterval)
		if now := keysOf(tickets); len(now) != 2 || now[1] != keys[0] || now[0] == keys[0] {
			t.Error("the first key is to be the second one, after a new one")
		}
		bad := TicketConfig{KeyFiles: []string{current, filepath.Join(dir, "none")}}
		if _, err := NewTickets(bad); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v for a file that is missing", err)
		}
	})
}

func TestTicketSecretsAreChecked(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	for what, secret := range map[string][]byte{"empty": nil, "short": make([]byte, 31), "zeros": make([]byte, 48), "long": []byte(strings.Repeat("ab", 600))} {
		write(t, name, secret)
		if tickets, err := NewTickets(TicketConfig{SecretFile: name}); err == nil {
			tickets.Close()
			t.Errorf("%s: no error", what)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %q does not name the file", what, err)
		}
	}
}

func TestTicketConfigIsChecked(t *testing.T) {
	for field, cfg := range map[string]TicketConfig{
		"KeyFiles":  {SecretFile: "x", KeyFiles: []string{"y"}},
		"Period":    {Period: time.Second},
		"Lifetime":  {Lifetime: 8 * 24 * time.Hour},
		"Lifetime ": {Lifetime: 24 * time.Hour, Period: 10 * time.Minute},
		"KeyFiles ": {KeyFiles: make([]string, 65)},
	} {
		tickets, err := NewTickets(cfg)
		var typed *ConfigError
		if !errors.As(err, &typed) || typed.Field != strings.TrimSpace(field) {
			t.Errorf("%s: got %v", field, err)
		}
		if err == nil {
			tickets.Close()
		}
	}
	none := newTickets(t, TicketConfig{Lifetime: -1})
	_ = none.Rotate()
	if keys := keysOf(none); len(keys) != 1 {
		t.Errorf("%d keys without Lifetime, want the present one", len(keys))
	}
	longest := TicketConfig{Lifetime: 7 * 24 * time.Hour, Period: 3 * time.Hour, SecretFile: secretFile(t, filepath.Join(t.TempDir(), "s"))}
	if keys := keysOf(newTickets(t, longest)); len(keys) != 58 {
		t.Errorf("%d keys, want 58", len(keys))
	}
}

func TestTicketKeysAreWiped(t *testing.T) {
	tickets := newTickets(t, TicketConfig{Lifetime: -1})
	view := tickets.keys // as if a copy had been forgotten
	if err := tickets.Rotate(); err != nil {
		t.Fatal(err)
	}
	if view[0] != ([32]byte{}) {
		t.Error("a key that was replaced is still in memory")
	}
	view = tickets.keys
	source := tickets.source.(*randomKeys).list
	tickets.Close()
	if view[0] != ([32]byte{}) || source[0].key != ([32]byte{}) {
		t.Error("a key is still in memory after Close")
	}
	cfg := new(stdtls.Config)
	tickets.Attach(cfg)
	tickets.Apply(cfg) // wiped keys must not be given away
	if err := tickets.Rotate(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	called := false
	tickets.Keys(func([][32]byte) { called = true })
	if called {
		t.Error("wiped keys were shown")
	}
}

// A ticket of one process is resumed by another, also after a rotation, and not after its key's end.
func TestTicketsResume(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue("ecdsa", []string{"a.example"})
	name := secretFile(t, filepath.Join(t.TempDir(), "secret"))
	at := time.Now()
	now := func() time.Time { return at }
	one, two := newTickets(t, TicketConfig{SecretFile: name, Interval: -1, now: now}), newTickets(t, TicketConfig{SecretFile: name, Interval: -1, now: now})
	a, b := &stdtls.Config{Certificates: []stdtls.Certificate{cert}}, &stdtls.Config{Certificates: []stdtls.Certificate{cert}}
	seen := one.Apply(a)
	two.Attach(b)
	for _, version := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
		client := &stdtls.Config{RootCAs: ca.pool(), ServerName: "a.example", MaxVersion: version, ClientSessionCache: stdtls.NewLRUClientSessionCache(1)}
		resumed := func(server *stdtls.Config, want bool, why string) {
			t.Helper()
			state, _, err, serverErr := handshake(t, client, server)
			if err != nil || serverErr != nil || state.DidResume != want {
				t.Errorf("version %x: resumed is %v, %v, %v, want %v: %s", version, state.DidResume, err, serverErr, want, why)
			}
		}
		resumed(a, false, "the first time")
		resumed(b, true, "by another process")
		at = at.Add(9 * time.Hour)
		if one.Generation() != seen {
			t.Error("the keys have moved by themselves")
		}
		for _, tickets := range []*Tickets{one, two} {
			if err := tickets.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
		if g := one.Generation(); g == seen {
			t.Error("the generation has not moved")
		} else {
			one.Apply(a)
		}
		resumed(b, true, "after a rotation")
		at = at.Add(40 * time.Hour)
		if err := two.Rotate(); err != nil {
			t.Fatal(err)
		}
		resumed(b, false, "the key is forgotten")
		if err := one.Rotate(); err != nil {
			t.Fatal(err)
		}
		if seen = one.Apply(a); seen != one.Generation() {
			t.Errorf("Apply gave generation %d, want %d", seen, one.Generation())
		}
	}
}

func TestTicketGenerationAllocatesNothing(t *testing.T) {
	tickets := newTickets(t, TicketConfig{})
	seen := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		if g := tickets.Generation(); g != seen {
			seen = g
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
