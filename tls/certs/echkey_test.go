package certs

import (
	"bytes"
	"crypto/ecdh"
	stdtls "crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestECHKeyFile(t *testing.T) {
	k := newKey(t, 7)
	name := filepath.Join(t.TempDir(), "ech.pem")
	if err := k.WriteFile(name); err != nil {
		t.Fatal(err)
	}
	if err := k.WriteFile(name); err == nil {
		t.Error("a key was overwritten")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseECHKey(text)
	if err != nil || got.PublicName != "public.example" || got.ID != 7 || !bytes.Equal(got.Config, k.Config) || !bytes.Equal(got.private, k.private) {
		t.Errorf("got %+v, %v, want what was written", got, err)
	}
	// Another key's config, one of another version and one of another KEM may stand before it.
	foreign := newKey(t, 8)
	alien := &ECHKey{Config: []byte{0xfe, 0x0a, 0, 2, 1, 2}}
	kem := &ECHKey{Config: bytes.Clone(foreign.Config)}
	kem.Config[6] = 0x10
	list := echConfigList(alien, kem, foreign, k)
	if got, err := findECHConfigIn(t, k, list); err != nil || got.ID != 7 {
		t.Errorf("got %+v, %v, want the key's own config", got, err)
	}
	if _, err := findECHConfigIn(t, newKey(t, 9), list); err == nil || !strings.Contains(err.Error(), "no config") {
		t.Errorf("a key without config: %v", err)
	}
}

func findECHConfigIn(t testing.TB, k *ECHKey, list []byte) (*ECHKey, error) {
	private, err := ecdh.X25519().NewPrivateKey(k.private)
	if err != nil {
		t.Fatal(err)
	}
	return findECHConfig(private, list)
}

func TestECHKeyRefusals(t *testing.T) {
	k := newKey(t, 7)
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	_, ecdsaKey := pemOf(t, newAuthority(t).issue("ecdsa", nil))
	at := bytes.Index(text, []byte("-----BEGIN ECHCONFIG"))
	for name, bad := range map[string][]byte{
		"nothing":     nil,
		"no config":   text[:at],
		"no key":      text[at:],
		"another key": append(bytes.Clone(ecdsaKey), text[at:]...),
		"two keys":    append(bytes.Clone(text), text...),
	} {
		if _, err := ParseECHKey(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	list := k.ConfigList()
	for n := range list {
		if _, err := findECHConfigIn(t, k, list[:n]); err == nil {
			t.Errorf("a list that was cut after %d bytes was taken", n)
		}
	}
	if _, err := findECHConfigIn(t, k, append(list, 0)); err == nil {
		t.Error("a list with a byte behind it was taken")
	}
	for _, name := range []string{"", "a..b", ".a", "a.", "-a.b", "a-.b", "a_b", "ä.example", "127.0.0.1", "a.1", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a"} {
		if _, err := NewECHKey(name, 0); err == nil {
			t.Errorf("the public name %q was taken", name)
		}
	}
}

// What a list holds is read the same way by crypto/tls: it finds a config in it, or calls it malformed.
func FuzzECHConfigList(f *testing.F) {
	k := newKey(f, 7)
	f.Add(k.ConfigList())
	f.Add(echConfigList(&ECHKey{Config: []byte{0xfe, 0x0a, 0, 0}}, k))
	f.Fuzz(func(t *testing.T, list []byte) {
		got, err := findECHConfigIn(t, k, list)
		if err != nil {
			return
		}
		if !bytes.Contains(list, got.Config) || got.ID != got.Config[4] {
			t.Errorf("the config %x is not part of the list", got.Config)
		}
		if _, err := NewECHKey(got.PublicName, got.ID); err != nil {
			t.Error(err)
		}
		client := stdtls.Client(nopConn{}, &stdtls.Config{ServerName: "x.example", EncryptedClientHelloConfigList: echConfigList(got)})
		if err := client.Handshake(); err == nil || strings.Contains(err.Error(), "malformed") {
			t.Errorf("crypto/tls does not take the config: %v", err)
		}
	})
}

// nopConn takes what is written and is at its end.
type nopConn struct{ net.Conn }

func (nopConn) Read([]byte) (int, error)    { return 0, io.EOF }
func (nopConn) Write(p []byte) (int, error) { return len(p), nil }
func (nopConn) Close() error                { return nil }
