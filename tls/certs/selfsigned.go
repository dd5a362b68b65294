package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"slices"
	"time"
)

// developmentName marks certificates that were made here. People see it in a browser's dialogue.
const developmentName = "ringwire development certificate, not for production"

// maxDevelopmentDays is the longest that browsers take a certificate for.
const maxDevelopmentDays = 397

// Development makes a certificate on the spot: an ECDSA key on P-256, signed by itself, for names
// and IP addresses (default localhost, 127.0.0.1 and ::1), valid from an hour ago for that many
// days (default 30, 397 at most). It is stored nowhere: the next start makes another, unless it is
// kept with [WritePair].
//
// No client trusts it unasked. Its name says what it is, and a [Set] that serves one warns, so that
// it does not end up in production unseen.
func Development(days int, names ...string) (stdtls.Certificate, error) {
	if days == 0 {
		days = 30
	}
	if days < 0 || days > maxDevelopmentDays {
		return stdtls.Certificate{}, &ConfigError{"days", "not between 0 (default 30) and 397"}
	}
	template, err := developmentTemplate(names)
	if err != nil {
		return stdtls.Certificate{}, err
	}
	now := time.Now()
	template.NotBefore = now.Add(-time.Hour) // clocks differ
	template.NotAfter = now.AddDate(0, 0, days)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return stdtls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return stdtls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func developmentTemplate(names []string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: developmentName},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if len(names) == 0 {
		names = []string{"localhost", "127.0.0.1", "::1"}
	}
	for _, name := range names {
		if name == "" {
			return nil, &ConfigError{"names", "one is empty"}
		}
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return t, nil
}

// IsDevelopment reports whether the certificate was made by [Development].
func IsDevelopment(cert *x509.Certificate) bool { return cert.Subject.CommonName == developmentName }

// WritePair writes a certificate's chain and its key as PEM, the key readable by its owner only. It
// does not overwrite: files that are there are an error, and then none is left half made.
func WritePair(cert stdtls.Certificate, certFile, keyFile string) error {
	if len(cert.Certificate) == 0 {
		return errors.New("certs: there is no certificate to write")
	}
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	defer func() { clear(der); clear(key) }()
	var chain []byte
	for _, der := range cert.Certificate {
		chain = slices.Concat(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	if err := writeNew(keyFile, key, 0o600); err != nil {
		return err
	}
	if err := writeNew(certFile, chain, 0o644); err != nil {
		_ = os.Remove(keyFile)
		return err
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name)
	}
	return err
}
