package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// authority signs the certificates of tests.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  crypto.Signer
}

var serials atomic.Int64

func newAuthority(t testing.TB) *authority {
	key := makeKey(t, "ecdsa")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serials.Add(1)), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-10 * 365 * 24 * time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, cert, key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// rsaKey is made once: it takes long.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func makeKey(t testing.TB, kind string) crypto.Signer {
	var key crypto.Signer
	var err error
	switch kind {
	case "ecdsa":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rsa":
		key, err = rsaKey()
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no key of kind %q", kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate, valid from an hour ago for a year unless change says otherwise.
func (a *authority) issue(kind string, names []string, change ...func(*x509.Certificate)) stdtls.Certificate {
	a.t.Helper()
	key := makeKey(a.t, kind)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serials.Add(1)), DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, f := range change {
		f(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return stdtls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
}

func expiring(at time.Time) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.NotAfter = at
		c.NotBefore = at.Add(-48 * time.Hour)
	}
}

func pemOf(t testing.TB, cert stdtls.Certificate) (certPEM, keyPEM []byte) {
	for _, der := range cert.Certificate {
		certPEM = append(certPEM, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return certPEM, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// writePair writes a pair over what is in the files.
func writePair(t testing.TB, source Source, cert stdtls.Certificate) {
	t.Helper()
	certPEM, keyPEM := pemOf(t, cert)
	write(t, source.CertFile, certPEM)
	write(t, source.KeyFile, keyPEM)
}

func write(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func pairIn(dir, name string) Source {
	return Source{CertFile: filepath.Join(dir, name+".pem"), KeyFile: filepath.Join(dir, name+".key")}
}

func ready(certs ...stdtls.Certificate) []Source {
	var sources []Source
	for i := range certs {
		sources = append(sources, Source{Certificate: &certs[i]})
	}
	return sources
}

// journal is a log that is looked into.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

func (j *journal) count(part string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), part)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) expect(t testing.TB, part string, times int) {
	t.Helper()
	if n := j.count(part); n != times {
		t.Errorf("the log has %q %d times, want %d:\n%s", part, n, times, j)
	}
}

// newSet is New for tests: closed at the end, silent unless it has a logger.
func newSet(t testing.TB, cfg Config) *Set {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = new(journal).logger()
	}
	if cfg.Interval == 0 {
		cfg.Interval = -1
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// handshake is one over a pipe of sockets: what each side sees, or its error.
func handshake(t testing.TB, client, server *stdtls.Config) (c, s stdtls.ConnectionState, clientErr, serverErr error) {
	t.Helper()
	a, b := socketPair(t)
	defer a.Close()
	defer b.Close()
	sc := stdtls.Server(b, server)
	done := make(chan error, 1)
	go func() {
		err := sc.Handshake()
		if err == nil {
			_, err = sc.Write([]byte("x")) // behind the tickets, which the client reads with it
		}
		if err != nil {
			b.Close() // the alert is sent
		}
		done <- err
	}()
	cc := stdtls.Client(a, client)
	if clientErr = cc.Handshake(); clientErr == nil {
		_, clientErr = cc.Read(make([]byte, 1))
	}
	if clientErr != nil {
		a.Close()
	}
	serverErr = <-done
	return cc.ConnectionState(), sc.ConnectionState(), clientErr, serverErr
}

func socketPair(t testing.TB) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{client, server} {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	}
	return client, server
}
