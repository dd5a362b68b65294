package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	stdtls "crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestDevelopment(t *testing.T) {
	cert, err := Development(0)
	if err != nil {
		t.Fatal(err)
	}
	leaf := cert.Leaf
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || leaf.IsCA {
		t.Errorf("got a %T, IsCA %v, want ECDSA on P-256 that signs for nobody else", leaf.PublicKey, leaf.IsCA)
	}
	if left := time.Until(leaf.NotAfter); left < 29*24*time.Hour || left > 31*24*time.Hour {
		t.Errorf("valid for %v, want 30 days", left)
	}
	if !strings.Contains(leaf.Subject.String(), "development") || !IsDevelopment(leaf) {
		t.Errorf("its name %q does not say what it is", leaf.Subject)
	}
	if IsDevelopment(newAuthority(t).issue("ecdsa", nil).Leaf) {
		t.Error("any certificate is taken for a development one")
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	for _, roots := range []*x509.CertPool{roots, x509.NewCertPool()} {
		_, _, err, _ := handshake(t, &stdtls.Config{RootCAs: roots, ServerName: "localhost"}, &stdtls.Config{Certificates: []stdtls.Certificate{cert}})
		if trusted := roots.Equal(x509.NewCertPool()); (err != nil) != trusted {
			t.Errorf("the handshake ends with %v", err)
		}
	}
}

func TestDevelopmentNames(t *testing.T) {
	cert, err := Development(3, "dev.example", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"dev.example": true, "192.0.2.1": true, "localhost": false} {
		if got := cert.Leaf.VerifyHostname(name) == nil; got != want {
			t.Errorf("%s: for it is %v, want %v", name, got, want)
		}
	}
	for _, days := range []int{-1, 398} {
		if _, err := Development(days); err == nil {
			t.Errorf("%d days were taken", days)
		}
	}
	if _, err := Development(1, ""); err == nil {
		t.Error("an empty name was taken")
	}
}

func TestWritePair(t *testing.T) {
	cert, err := Development(0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	src := pairIn(dir, "dev")
	if err := WritePair(cert, src.CertFile, src.KeyFile); err != nil {
		t.Fatal(err)
	}
	newSet(t, Config{Sources: []Source{src}})
	info, err := os.Stat(src.KeyFile)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file has mode %v, %v, want 0600", info.Mode(), err)
	}
	if err := WritePair(cert, filepath.Join(dir, "x"), src.KeyFile); err == nil {
		t.Error("a key was overwritten")
	}
	if err := WritePair(cert, src.CertFile, filepath.Join(dir, "new.key")); err == nil {
		t.Error("a certificate was overwritten")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("%q are left, want the pair only", left)
	}
	if err := WritePair(stdtls.Certificate{}, "x", "y"); err == nil {
		t.Error("nothing was written without error")
	}
}
