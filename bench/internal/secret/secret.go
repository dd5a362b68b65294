// Package secret is how the servers and loads of this module speak TLS: one certificate, one protocol version, one
// group and one cipher suite for all, so that a figure never compares different ciphers.
package secret

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// What all agree on, in OpenSSL's words and in Go's. Of TLS 1.3's suites Go lets nobody choose; it takes this one
// where the processor has AES, and every server of the comparison is asked before it is measured.
const (
	Suite     = tls.TLS_AES_128_GCM_SHA256
	SuiteName = "TLS_AES_128_GCM_SHA256"
	Group     = tls.CurveP256
	GroupName = "prime256v1"
	Protocol  = "http/1.1"
)

// Files is where a certificate and its key are. The zero value is none: no TLS.
type Files struct{ Cert, Key string }

// Given reports whether there is a certificate; one file without the other is an error.
func (f Files) Given() (bool, error) {
	if (f.Cert == "") != (f.Key == "") {
		return false, errors.New("-cert and -key belong together")
	}
	return f.Cert != "", nil
}

// Server is the configuration of every Go server: crypto/tls's defaults, session tickets included, but for what this
// package says. It is nil without files.
func (f Files) Server() (*tls.Config, error) {
	given, err := f.Given()
	if !given {
		return nil, err
	}
	cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &tls.Config{
		Certificates:     []tls.Certificate{cert},
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{Group},
		NextProtos:       []string{Protocol},
	}, nil
}

// Listener is ln with TLS where there are files, and ln itself where there are none.
func (f Files) Listener(ln net.Listener) (net.Listener, error) {
	cfg, err := f.Server()
	if cfg == nil || err != nil {
		return ln, err
	}
	return tls.NewListener(ln, cfg), nil
}

// Client is the configuration of every Go client. It believes any certificate: the chain is not what is measured.
func Client() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS13,
		CurvePreferences:   []tls.CurveID{Group},
		NextProtos:         []string{Protocol},
	}
}

// Agreed is an error unless a connection is what this package says. The group needs no check: Client offers one.
func Agreed(version, suite uint16) error {
	switch {
	case version != tls.VersionTLS13:
		return fmt.Errorf("the server speaks %s, not TLS 1.3", tls.VersionName(version))
	case suite != Suite:
		return fmt.Errorf("the server took %s, not %s", tls.CipherSuiteName(suite), SuiteName)
	}
	return nil
}

// OpenSSLConf is the contents of an OPENSSL_CONF file that makes programs on OpenSSL do likewise.
const OpenSSLConf = `openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1.3
Ciphersuites = ` + SuiteName + `
Groups = ` + GroupName + `
`

// Make writes a fresh ECDSA P-256 certificate for 127.0.0.1 and its key into dir.
func Make(dir string) (Files, error) {
	f := Files{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return f, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "bench"},
		DNSNames:     []string{"bench"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return f, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return f, err
	}
	write := func(name, kind string, p []byte) error {
		return os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: p}), 0o600)
	}
	return f, errors.Join(write(f.Cert, "CERTIFICATE", cert), write(f.Key, "PRIVATE KEY", der))
}
