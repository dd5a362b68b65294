package certs

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// randomKeys are known to this process only.
type randomKeys struct {
	cfg    *TicketConfig
	random func([]byte)
	list   []randomKey // newest first
}

type randomKey struct {
	key  [32]byte
	made time.Time
	over time.Time // when the next one was made; zero for the newest
}

func (r *randomKeys) keys(dst [][32]byte, now time.Time, forced bool) ([][32]byte, error) {
	if forced || now.Sub(r.list[0].made) >= r.cfg.Period {
		if len(r.list) > 0 {
			r.list[0].over = now
		}
		next := make([]randomKey, 1, len(r.list)+1)
		next[0].made = now
		r.random(next[0].key[:])
		next = append(next, r.list...)
		clear(r.list)
		r.list = next
	}
	kept := r.list[:1]
	for _, k := range r.list[1:] {
		// Many calls of Rotate must not make a list that each ticket is tried against.
		if now.Sub(k.over) < r.cfg.Lifetime && len(kept) < maxTicketKeys {
			kept = append(kept, k)
		}
	}
	clear(r.list[len(kept):])
	r.list = kept
	for i := range kept {
		dst = append(dst, kept[i].key)
	}
	return dst, nil
}

func (r *randomKeys) wipe() { clear(r.list) }

// What is derived here, so that other uses of the same secret give other keys.
const ticketLabel = "ringwire session ticket key v1"

// sharedSecret derives the key of each period from one secret. A period's number is what the
// processes agree on.
type sharedSecret struct {
	cfg     *TicketConfig
	watched watched
	failed  bool

	root     []byte // of the secret
	old      []byte // of the one before, while its tickets are accepted
	oldUntil time.Time

	made   bool  // the keys of this period were made of what root and old are
	period int64 // the number of it
}

func (s *sharedSecret) keys(dst [][32]byte, now time.Time, forced bool) ([][32]byte, error) {
	err := s.read(now, forced)
	if s.root == nil {
		return dst, err
	}
	if s.old != nil && !now.Before(s.oldUntil) {
		clear(s.old)
		s.old, s.made = nil, false
	}
	current := now.UnixNano() / int64(s.cfg.Period)
	if s.made && s.period == current {
		return dst, err
	}
	s.made, s.period = true, current
	// The period now, those before while they are accepted, and the next one: another
	// process's clock may be ahead.
	before := s.cfg.periods()
	for back := range before + 1 {
		dst = append(dst, deriveKey(s.root, current-back))
	}
	dst = append(dst, deriveKey(s.root, current+1))
	if s.old != nil {
		for back := range before + 2 {
			if len(dst) < maxTicketKeys {
				dst = append(dst, deriveKey(s.old, current+1-back))
			}
		}
	}
	return dst, err
}

// read reads the file if it may have changed.
func (s *sharedSecret) read(now time.Time, forced bool) error {
	changed := (s.cfg.Interval > 0 || forced) && s.watched.changed([]string{s.cfg.SecretFile}, now)
	if !changed && !forced && !s.failed {
		return nil
	}
	root, err := rootOf(s.cfg.SecretFile)
	s.failed = err != nil
	if err != nil {
		return err
	}
	if bytes.Equal(root, s.root) {
		clear(root)
		return nil
	}
	if s.root != nil {
		clear(s.old)
		s.old, s.oldUntil = s.root, now.Add(s.cfg.Lifetime)
	}
	s.root, s.made = root, false
	return nil
}

func (s *sharedSecret) wipe() { clear(s.root); clear(s.old) }

// deriveKey is the key of one period.
func deriveKey(root []byte, period int64) (key [32]byte) {
	info := binary.BigEndian.AppendUint64([]byte(ticketLabel), uint64(period))
	b, err := hkdf.Expand(sha256.New, root, string(info), len(key))
	if err != nil {
		panic("certs: " + err.Error()) // 32 bytes can always be had
	}
	copy(key[:], b)
	clear(b)
	return key
}

// rootOf reads a secret and extracts its entropy.
func rootOf(name string) ([]byte, error) {
	secret, err := readFile(name)
	if err != nil {
		return nil, &Error{name, err, remedyFor(err)}
	}
	defer clear(secret)
	if err := checkSecret(secret); err != nil {
		return nil, &Error{name, err, "make one with head -c 48 /dev/urandom"}
	}
	return hkdf.Extract(sha256.New, secret, []byte(ticketLabel))
}

// checkSecret finds files that hold something else than a secret, or nothing yet.
func checkSecret(secret []byte) error {
	switch {
	case len(secret) < 32:
		return errors.New("the secret has fewer than 32 bytes")
	case len(secret) > 1024:
		return errors.New("the secret has more than 1024 bytes: is it one?")
	case bytes.Count(secret, secret[:1]) == len(secret):
		return errors.New("the secret is one byte over and over")
	}
	return nil
}

// keyFiles are keys that somebody else rotates.
type keyFiles struct {
	names   []string
	watch   bool
	watched watched
	failed  bool
}

func (k *keyFiles) keys(dst [][32]byte, now time.Time, forced bool) ([][32]byte, error) {
	changed := (k.watch || forced) && k.watched.changed(k.names, now)
	if !changed && !forced && !k.failed {
		return dst, nil
	}
	for _, name := range k.names {
		root, err := rootOf(name)
		if k.failed = err != nil; err != nil {
			clear(dst)
			return dst[:0], err // all of them or none
		}
		dst = append(dst, deriveKey(root, 0))
		clear(root)
	}
	return dst, nil
}

func (k *keyFiles) wipe() {}
