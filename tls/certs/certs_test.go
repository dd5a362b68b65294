package certs

import (
	"crypto"
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// hello is what a client sends that can verify certificates of those kinds.
func hello(name string, schemes ...stdtls.SignatureScheme) *stdtls.ClientHelloInfo {
	if len(schemes) == 0 {
		schemes = []stdtls.SignatureScheme{stdtls.ECDSAWithP256AndSHA256, stdtls.PSSWithSHA256, stdtls.Ed25519}
	}
	return &stdtls.ClientHelloInfo{ServerName: name, SignatureSchemes: schemes,
		SupportedVersions: []uint16{stdtls.VersionTLS13}, CipherSuites: []uint16{stdtls.TLS_AES_128_GCM_SHA256},
		SupportedCurves: []stdtls.CurveID{stdtls.X25519, stdtls.CurveP256}}
}

func TestSelection(t *testing.T) {
	ca := newAuthority(t)
	both, bothRSA := ca.issue("ecdsa", []string{"both.example"}), ca.issue("rsa", []string{"both.example", "old.example"})
	wild := ca.issue("ecdsa", []string{"*.wild.example"})
	exact := ca.issue("rsa", []string{"a.wild.example", "*.sub.wild.example"})
	odd := ca.issue("ecdsa", []string{"b*.odd.example", "*", "c.*.odd.example"})
	curve := ca.issue("ed25519", []string{"both.example"})
	s := newSet(t, Config{Sources: ready(bothRSA, both, wild, exact, odd, curve)})
	strict := newSet(t, Config{Sources: ready(bothRSA, both, wild), RejectUnknown: true})

	rsaOnly := []stdtls.SignatureScheme{stdtls.PSSWithSHA256}
	for _, c := range []struct {
		name    string
		schemes []stdtls.SignatureScheme
		want    stdtls.Certificate
		why     string
	}{
		{"both.example", nil, both, "ECDSA is preferred"},
		{"BoTh.ExAmPlE", nil, both, "case does not matter"},
		{"both.example", rsaOnly, bothRSA, "the client verifies RSA only"},
		{"both.example", []stdtls.SignatureScheme{stdtls.Ed25519, stdtls.PSSWithSHA256}, curve, "Ed25519 before RSA"},
		{"both.example", []stdtls.SignatureScheme{stdtls.ECDSAWithP521AndSHA512}, both, "nothing fits: the handshake says so"},
		{"old.example", nil, bothRSA, "there is no other"},
		{"x.wild.example", nil, wild, "one label for the star"},
		{"a.wild.example", nil, exact, "the whole name is closer than a star"},
		{"a.wild.example", []stdtls.SignatureScheme{stdtls.ECDSAWithP256AndSHA256}, wild, "the closer one cannot be verified"},
		{"y.sub.wild.example", nil, exact, "a star further down"},
		{"x.y.wild.example", nil, both, "a star is one label, RFC 9525 §6.3: the default"},
		{"wild.example", nil, both, "a star is not no label: the default"},
		{"bx.odd.example", nil, both, "a star is a whole label: the default"},
		{"*.wild.example", nil, wild, "asked for by itself"},
		{"nobody.example", nil, both, "the default's better key"},
		{"nobody.example", rsaOnly, bothRSA, "the default that the client verifies"},
		{"", nil, both, "no name"},
		{".wild.example", nil, both, "no label for the star"},
		{strings.Repeat("a", 250) + ".wild.example", nil, both, "longer than names are"},
	} {
		got, err := s.GetCertificate(hello(c.name, c.schemes...))
		if err != nil || !got.Leaf.Equal(c.want.Leaf) {
			t.Errorf("%q: got the certificate for %q, %v, want that for %q: %s", c.name, got.Leaf.DNSNames, err, c.want.Leaf.DNSNames, c.why)
		}
	}
	if got, err := strict.GetCertificate(hello("nobody.example")); got != nil || err != nil {
		t.Errorf("RejectUnknown: got %v, %v for a name of nobody, want nothing", got, err)
	}
	if got, _ := strict.GetCertificate(hello("")); got == nil {
		t.Error("RejectUnknown: a client that names nobody got no certificate")
	}
	if st := s.Stats(); st.Certificates != 6 || st.Names != 5 {
		t.Errorf("got %+v, want 6 certificates for 5 names", st)
	}
}

// Whatever name is asked for, the certificate is one that crypto/x509 takes for it, or the default.
func FuzzSelection(f *testing.F) {
	ca := newAuthority(f)
	certs := []stdtls.Certificate{ca.issue("ecdsa", []string{"default.example"}),
		ca.issue("ecdsa", []string{"a.example", "*.a.example"}), ca.issue("ecdsa", []string{"*.b.a.example", "xn--bcher-kva.example"})}
	s := newSet(f, Config{Sources: ready(certs...)})
	for _, name := range []string{"a.example", "x.a.example", "X.B.A.example", "a.b.b.a.example", "..", "*.a.example", "10.0.0.1", "a.example.", "-.a.example"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := s.GetCertificate(hello(name))
		if err != nil {
			t.Fatal(err)
		}
		isDefault := got.Leaf.Equal(certs[0].Leaf)
		if !isDefault && got.Leaf.VerifyHostname(name) != nil && name[0] != '*' && validHost(name) {
			t.Errorf("%q: got the certificate for %q", name, got.Leaf.DNSNames)
		}
		for _, c := range certs {
			if isDefault && validHost(name) && c.Leaf.VerifyHostname(name) == nil && !c.Leaf.Equal(got.Leaf) {
				t.Errorf("%q: got the default, but there is one for %q", name, c.Leaf.DNSNames)
			}
		}
	})
}

// validHost leaves out what no client sends: crypto/x509 asks more of a name than we do.
func validHost(name string) bool {
	for _, c := range []byte(name) {
		if c != '.' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || label[0] == '-' {
			return false
		}
	}
	return true
}

func TestSelectionAllocatesNothing(t *testing.T) {
	ca := newAuthority(t)
	one := ca.issue("ecdsa", []string{"default.example"})
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("host%d.example", i)
	}
	big := ca.issue("ecdsa", append(many, "*.wild.example"))
	s := newSet(t, Config{Sources: ready(one, big)})
	if st := s.Stats(); st.Names != 10_002 {
		t.Fatalf("%d names, want 10002", st.Names)
	}
	for _, name := range []string{"host9999.example", "HOST17.example", "x.wild.example", "nobody.example", ""} {
		h := hello(name)
		if n := testing.AllocsPerRun(100, func() { _, _ = s.GetCertificate(h) }); n != 0 {
			t.Errorf("%q: %v allocations, want 0", name, n)
		}
	}
}

func TestSelectionAmongKeysAllocatesLittle(t *testing.T) {
	ca := newAuthority(t)
	s := newSet(t, Config{Sources: ready(ca.issue("rsa", []string{"x.example"}), ca.issue("ecdsa", []string{"x.example"}))})
	h := hello("x.example")
	if n := testing.AllocsPerRun(100, func() { _, _ = s.GetCertificate(h) }); n > 2 {
		t.Errorf("%v allocations, want 2 at most", n)
	}
}

func TestHandshakes(t *testing.T) {
	ca := newAuthority(t)
	s := newSet(t, Config{Sources: ready(ca.issue("ecdsa", []string{"a.example"}), ca.issue("rsa", []string{"b.example"})), RejectUnknown: true})
	server := &stdtls.Config{GetCertificate: s.GetCertificate}
	for _, name := range []string{"a.example", "b.example"} {
		for _, version := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
			_, _, err, _ := handshake(t, &stdtls.Config{RootCAs: ca.pool(), ServerName: name, MaxVersion: version}, server)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_, _, err, _ := handshake(t, &stdtls.Config{RootCAs: ca.pool(), ServerName: "c.example"}, server)
	if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("a name of nobody: %v, want the alert unrecognized_name", err)
	}
}

func TestClientCertificates(t *testing.T) {
	ca := newAuthority(t)
	s := newSet(t, Config{Sources: ready(ca.issue("ecdsa", nil))})
	server := &stdtls.Config{Certificates: []stdtls.Certificate{ca.issue("ecdsa", []string{"a.example"})},
		ClientAuth: stdtls.RequireAndVerifyClientCert, ClientCAs: ca.pool()}
	client := &stdtls.Config{RootCAs: ca.pool(), ServerName: "a.example", GetClientCertificate: s.GetClientCertificate}
	if _, state, err, serverErr := handshake(t, client, server); err != nil || serverErr != nil || len(state.PeerCertificates) == 0 {
		t.Errorf("got %v, %v, want a client certificate", err, serverErr)
	}
	req := &stdtls.CertificateRequestInfo{Version: stdtls.VersionTLS13, AcceptableCAs: [][]byte{{0x30, 0}},
		SignatureSchemes: []stdtls.SignatureScheme{stdtls.ECDSAWithP256AndSHA256}}
	if cert, err := s.GetClientCertificate(req); err != nil || len(cert.Certificate) != 0 {
		t.Errorf("got %v, %v for somebody else's authority, want no certificate", cert.Certificate, err)
	}
}

func TestNewRefuses(t *testing.T) {
	ca := newAuthority(t)
	dir := t.TempDir()
	good, other := ca.issue("ecdsa", []string{"a.example"}), ca.issue("ecdsa", []string{"b.example"})
	certPEM, keyPEM := pemOf(t, good)
	_, otherKey := pemOf(t, other)
	src := pairIn(dir, "pair")
	writePair(t, src, good)
	mixed := pairIn(dir, "mixed")
	write(t, mixed.CertFile, certPEM)
	write(t, mixed.KeyFile, otherKey)
	large := pairIn(dir, "large").CertFile
	write(t, large, make([]byte, maxFile+1))
	expired := ca.issue("ecdsa", []string{"x.example"}, expiring(time.Now().Add(-time.Minute)))
	for name, c := range map[string]struct {
		source Source
		parts  []string // of the error
	}{
		"nothing":      {Source{}, []string{"names no certificate", "CertFile"}},
		"two":          {Source{CertFile: src.CertFile, CertPEM: certPEM}, []string{"more than one certificate"}},
		"key twice":    {Source{CertFile: src.CertFile, KeyFile: src.KeyFile, Key: other.PrivateKey.(crypto.Signer)}, []string{"key twice"}},
		"mixed ways":   {Source{CertFile: src.CertFile, KeyPEM: keyPEM}, []string{"another way"}},
		"missing":      {Source{CertFile: dir + "/none.pem", KeyFile: src.KeyFile}, []string{dir + "/none.pem", "check the path"}},
		"missing key":  {Source{CertFile: src.CertFile, KeyFile: dir + "/none.key"}, []string{dir + "/none.key", "check the path"}},
		"swapped":      {Source{CertFile: src.KeyFile, KeyFile: src.CertFile}, []string{src.KeyFile, "swapped"}},
		"mismatch":     {mixed, []string{mixed.CertFile, mixed.KeyFile, "does not match", "different pairs"}},
		"no key in it": {Source{CertFile: src.CertFile}, []string{src.CertFile, "key must be in CertFile"}},
		"DER":          {Source{CertPEM: good.Certificate[0], KeyPEM: keyPEM}, []string{"openssl x509"}},
		"DER key":      {Source{CertPEM: certPEM, KeyPEM: []byte{0x30, 1, 2}}, []string{"openssl pkey -inform der"}},
		"passphrase":   {Source{CertPEM: certPEM, KeyPEM: []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n")}, []string{"passphrase"}},
		"garbage":      {Source{CertPEM: []byte("hello"), KeyPEM: keyPEM}, []string{"PEM in memory"}},
		"large":        {Source{CertFile: large}, []string{"larger than"}},
		"expired":      {Source{Certificate: &expired}, []string{"expired on", "AllowExpired"}},
		"foreign key":  {Source{CertPEM: certPEM, Key: other.PrivateKey.(crypto.Signer)}, []string{"does not match"}},
		"ready, mixed": {Source{Certificate: &stdtls.Certificate{Certificate: good.Certificate, PrivateKey: other.PrivateKey}}, []string{"does not match"}},
		"ready, bare":  {Source{Certificate: &stdtls.Certificate{Certificate: good.Certificate}}, []string{"cannot sign"}},
		"ready, empty": {Source{Certificate: new(stdtls.Certificate)}, []string{"no certificate in it"}},
	} {
		// A good one beside it does not help.
		s, err := New(Config{Sources: []Source{{Certificate: &other}, c.source}, Logger: new(journal).logger()})
		if err == nil {
			s.Close()
			t.Errorf("%s: no error", name)
			continue
		}
		var typed *Error
		if !errors.As(err, &typed) {
			t.Errorf("%s: %v is no *Error", name, err)
		}
		for _, part := range c.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", name, err, part)
			}
		}
	}
	if _, err := New(Config{}); err == nil || !strings.Contains(err.Error(), "Sources") {
		t.Errorf("no sources: %v", err)
	}
	_, err := New(Config{Sources: ready(expired)})
	if !errors.Is(err, ErrExpired) {
		t.Errorf("%v is not ErrExpired", err)
	}
	if os.Getuid() != 0 {
		if err := os.Chmod(src.KeyFile, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Sources: []Source{src}}); err == nil || !strings.Contains(err.Error(), "let the user") {
			t.Errorf("a key that cannot be read: %v", err)
		}
	}
}

// signer hides a key as an HSM does.
type signer struct {
	key   crypto.Signer
	calls int
}

func (s *signer) Public() crypto.PublicKey { return s.key.Public() }

func (s *signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.calls++
	return s.key.Sign(rand, digest, opts)
}

func TestSources(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue("ecdsa", []string{"a.example"})
	certPEM, keyPEM := pemOf(t, cert)
	hsm := &signer{key: cert.PrivateKey.(crypto.Signer)}
	files := pairIn(t.TempDir(), "pair")
	writePair(t, files, cert)
	one := files.CertFile + ".both"
	write(t, one, slices.Concat(keyPEM, certPEM))
	expired := ca.issue("ecdsa", []string{"a.example"}, expiring(time.Now().Add(-time.Minute)))
	for name, source := range map[string]Source{
		"files": files, "one file": {CertFile: one}, "memory": {CertPEM: certPEM, KeyPEM: keyPEM},
		"memory in one": {CertPEM: slices.Concat(certPEM, keyPEM)}, "ready": {Certificate: &cert},
		"HSM": {CertPEM: certPEM, Key: hsm}, "HSM with file": {CertFile: files.CertFile, Key: hsm},
	} {
		s := newSet(t, Config{Sources: []Source{source}})
		_, _, err, _ := handshake(t, &stdtls.Config{RootCAs: ca.pool(), ServerName: "a.example"}, &stdtls.Config{GetCertificate: s.GetCertificate})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if hsm.calls != 2 {
		t.Errorf("the key elsewhere has signed %d times, want 2", hsm.calls)
	}
	newSet(t, Config{Sources: ready(expired), AllowExpired: true})
	if cert.Leaf == nil || string(certPEM[:5]) != "-----" || string(keyPEM[:5]) != "-----" {
		t.Error("what the caller owns was written")
	}
}

func TestStats(t *testing.T) {
	ca := newAuthority(t)
	soon := time.Now().Add(50 * 24 * time.Hour).Truncate(time.Second)
	s := newSet(t, Config{Sources: ready(ca.issue("ecdsa", []string{"a.example"}),
		ca.issue("ecdsa", []string{"b.example"}, expiring(soon), func(c *x509.Certificate) { c.NotBefore = time.Now().Add(-time.Hour) }))})
	if st := s.Stats(); !st.Expires.Equal(soon) || st.LastError != nil || st.Failures != 0 || st.Stapled != 0 {
		t.Errorf("got %+v, want the first end at %v", st, soon)
	}
}
