package certs

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newKey(t testing.TB, id uint8) *ECHKey {
	t.Helper()
	k, err := NewECHKey("public.example", id)
	if err != nil && strings.Contains(err.Error(), "FIPS") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func putKey(t testing.TB, name string, k *ECHKey) {
	t.Helper()
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, text)
}

func newECH(t testing.TB, cfg ECHConfig) *ECH {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = new(journal).logger()
	}
	e, err := NewECH(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestECHHandshakes(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t)
	current, old := filepath.Join(dir, "ech.pem"), filepath.Join(dir, "ech.old.pem")
	one, two, three := newKey(t, 1), newKey(t, 2), newKey(t, 3)
	putKey(t, current, two)
	putKey(t, old, one)
	e := newECH(t, ECHConfig{Files: []string{current, old}, Interval: -1})
	set := newSet(t, Config{Sources: ready(ca.issue("ecdsa", []string{"public.example"}), ca.issue("ecdsa", []string{"secret.example"}))})
	var outer []string
	server := &stdtls.Config{GetCertificate: set.GetCertificate, GetEncryptedClientHelloKeys: func(h *stdtls.ClientHelloInfo) ([]stdtls.EncryptedClientHelloKey, error) {
		outer = append(outer, h.ServerName)
		return e.Keys(h)
	}}
	connect := func(list []byte) (stdtls.ConnectionState, error) {
		client := &stdtls.Config{RootCAs: ca.pool(), ServerName: "secret.example", EncryptedClientHelloConfigList: list}
		_, state, err, _ := handshake(t, client, server)
		return state, err
	}
	for name, list := range map[string][]byte{"published": e.ConfigList(), "yesterday's": one.ConfigList()} {
		outer = nil
		if state, err := connect(list); err != nil || !state.ECHAccepted || state.ServerName != "secret.example" {
			t.Errorf("%s: accepted is %v for %q, %v", name, state.ECHAccepted, state.ServerName, err)
		}
		// The first call is for the outer hello, a later one for the inner.
		if len(outer) == 0 || outer[0] != "public.example" {
			t.Errorf("%s: the network sees %q", name, outer)
		}
	}
	// A key that is known to nobody: the client gets the one that is published.
	_, err := connect(three.ConfigList())
	var rejected *stdtls.ECHRejectionError
	if !errors.As(err, &rejected) || !bytes.Equal(rejected.RetryConfigList, e.ConfigList()) {
		t.Fatalf("got %v, want a rejection with the published list", err)
	}
	if state, err := connect(rejected.RetryConfigList); err != nil || !state.ECHAccepted {
		t.Errorf("the retry ends with %v", err)
	}
	// Rotation.
	if err := os.Rename(current, old); err != nil {
		t.Fatal(err)
	}
	putKey(t, current, three)
	if err := e.Reload(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(e.ConfigList(), three.ConfigList()) {
		t.Error("the new key is not published")
	}
	for id, want := range map[*ECHKey]bool{three: true, two: true, one: false} {
		if _, err := connect(id.ConfigList()); (err == nil) != want {
			t.Errorf("key %d: %v, accepted should be %v", id.ID, err, want)
		}
	}
	// Clients without ECH are served as ever, older ones too.
	if _, err := connect(nil); err != nil {
		t.Error(err)
	}
	old12 := &stdtls.Config{RootCAs: ca.pool(), ServerName: "secret.example", MaxVersion: stdtls.VersionTLS12}
	if _, _, err, _ := handshake(t, old12, server); err != nil {
		t.Error(err)
	}
}

func TestECHWatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		log, dir := new(journal), t.TempDir()
		current, old := filepath.Join(dir, "ech.pem"), filepath.Join(dir, "ech.old.pem")
		one, two := newKey(t, 1), newKey(t, 2)
		putKey(t, current, one)
		putKey(t, old, newKey(t, 0))
		e := newECH(t, ECHConfig{Files: []string{current, old}, Logger: log.logger()})
		pass(5 * DefaultInterval)
		log.expect(t, "reloaded", 0)
		// A look between two steps of a rotation finds one key twice: no alarm.
		putKey(t, old, one)
		pass(DefaultInterval)
		putKey(t, current, two)
		pass(DefaultInterval)
		log.expect(t, "level=ERROR", 0)
		if !bytes.Equal(e.ConfigList(), two.ConfigList()) {
			t.Error("the new key is not published")
		}
		write(t, current, []byte("bad"))
		pass(5 * DefaultInterval)
		log.expect(t, "ECH keys not reloaded", 1)
		log.expect(t, current, 1)
		if !bytes.Equal(e.ConfigList(), two.ConfigList()) {
			t.Error("a bad file took the keys away")
		}
		if err := e.Reload(); err == nil || strings.Count(err.Error(), "certs:") != 1 {
			t.Errorf("got %v, want one error", err)
		}
		e.Close()
		if err := e.Reload(); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = e.Keys(nil) }); n != 0 {
			t.Errorf("Keys: %v allocations, want 0", n)
		}
	})
}

func TestECHRefuses(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ech.pem")
	if _, err := NewECH(ECHConfig{}); err == nil {
		t.Error("no files were taken")
	}
	if _, err := NewECH(ECHConfig{Files: []string{name}}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), name) {
		t.Errorf("a file that is missing: %v", err)
	}
	putKey(t, name, newKey(t, 1))
	if _, err := NewECH(ECHConfig{Files: []string{name, name}}); err == nil || !strings.Contains(err.Error(), "another ID") {
		t.Errorf("two keys of one ID: %v", err)
	}
}
