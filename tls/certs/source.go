package certs

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Source is where a certificate and its private key come from: two PEM files, PEM in memory, or
// a certificate that is ready. Of each source one way is used, and mixing them is an error, but for
// Key, which goes with either form of PEM.
type Source struct {
	// CertFile holds the chain, the server's own certificate first. KeyFile holds its private key;
	// when it is empty, CertFile holds that, too.
	CertFile, KeyFile string

	CertPEM, KeyPEM []byte // the same in memory; not kept

	// Key is used in place of a key in PEM: one that lies elsewhere, as in an HSM. It must sign for
	// the certificate's public key.
	Key crypto.Signer

	// Certificate is used as it is. It is shared, and must not be written any more.
	Certificate *stdtls.Certificate
}

// maxFile is the most that is read of one file, in bytes. A chain has some KiB.
const maxFile = 1 << 20

// String names the source for logs and errors. It shows no secret.
func (s Source) String() string {
	switch {
	case s.CertFile != "" && s.KeyFile != "":
		return s.CertFile + ", " + s.KeyFile
	case s.CertFile != "":
		return s.CertFile
	case s.Certificate != nil:
		return "certificate in memory"
	default:
		return "PEM in memory"
	}
}

// files are those that the source is read from.
func (s Source) files() []string {
	switch {
	case s.CertFile == "":
		return nil
	case s.KeyFile == "":
		return []string{s.CertFile}
	default:
		return []string{s.CertFile, s.KeyFile}
	}
}

// kept is what is remembered of the source: not PEM in memory, which is read once and may hold a key.
func (s Source) kept() Source {
	s.CertPEM, s.KeyPEM = nil, nil
	return s
}

func (s Source) fail(err error, remedy string) error { return &Error{s.String(), err, remedy} }

// check finds a source that says two things, or none.
func (s Source) check() error {
	ways := 0
	for _, used := range []bool{s.CertFile != "", len(s.CertPEM) > 0, s.Certificate != nil} {
		if used {
			ways++
		}
	}
	keys := s.KeyFile != "" || len(s.KeyPEM) > 0
	switch {
	case ways == 0:
		return s.fail(errors.New("the source names no certificate"), "set CertFile, CertPEM or Certificate")
	case ways > 1:
		return s.fail(errors.New("the source names more than one certificate"), "make it several sources")
	case s.Key != nil && keys, s.Certificate != nil && (keys || s.Key != nil),
		s.CertFile != "" && len(s.KeyPEM) > 0, len(s.CertPEM) > 0 && s.KeyFile != "":
		return s.fail(errors.New("the source names its key twice, or in another way than its certificate"),
			"give files, memory, or Key")
	}
	return nil
}

// digest identifies what was read, so that equal bytes are not parsed again.
type digest [sha256.Size]byte

// load reads and parses the source. A source whose digest is as before is not parsed: the
// certificate is nil then.
func (s Source) load(before digest) (*stdtls.Certificate, digest, error) {
	if err := s.check(); err != nil {
		return nil, digest{}, err
	}
	if s.Certificate != nil {
		return s.ready(before)
	}
	certPEM, keyPEM, err := s.read()
	if s.CertFile != "" {
		// Not the caller's: wiped once it is parsed.
		defer func() { clear(certPEM); clear(keyPEM) }()
	}
	if err != nil {
		return nil, digest{}, err
	}
	sum := sumOf(certPEM, keyPEM)
	if sum == before {
		return nil, sum, nil
	}
	cert, err := s.parse(certPEM, keyPEM)
	return cert, sum, err
}

// sumOf is the digest of two texts, of which it is clear where the first ends.
func sumOf(a, b []byte) (d digest) {
	h := sha256.New()
	fmt.Fprintf(h, "%d:", len(a))
	_, _ = h.Write(a)
	_, _ = h.Write(b)
	h.Sum(d[:0])
	return d
}

func (s Source) read() (certPEM, keyPEM []byte, err error) {
	if s.CertFile == "" {
		if keyPEM = s.KeyPEM; len(keyPEM) == 0 {
			keyPEM = s.CertPEM
		}
		return s.CertPEM, keyPEM, nil
	}
	if certPEM, err = readFile(s.CertFile); err != nil {
		return nil, nil, s.fail(err, remedyFor(err))
	}
	if s.KeyFile == "" || s.Key != nil {
		return certPEM, certPEM, nil
	}
	if keyPEM, err = readFile(s.KeyFile); err != nil {
		return certPEM, nil, s.fail(err, remedyFor(err))
	}
	return certPEM, keyPEM, nil
}

// readFile is os.ReadFile that does not follow somebody's mistake into gigabytes.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	if err != nil {
		clear(text)
		return nil, err
	}
	return text, nil
}

func remedyFor(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "check the path; relative ones start where the process was started"
	case errors.Is(err, os.ErrPermission):
		return "let the user that serves read it"
	}
	return ""
}

func (s Source) parse(certPEM, keyPEM []byte) (*stdtls.Certificate, error) {
	if s.Key != nil {
		return s.withKey(certPEM)
	}
	cert, err := stdtls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, s.fail(trimmed(err), s.remedy(certPEM, keyPEM, err))
	}
	return &cert, nil
}

// trimmed drops the prefix that another package gave its error.
func trimmed(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "tls: ")) }

// remedy finds the mistakes that are made most.
func (s Source) remedy(certPEM, keyPEM []byte, err error) string {
	switch {
	case bytes.Contains(keyPEM, []byte("ENCRYPTED")):
		return "the key asks for a passphrase: remove it with openssl pkey -in KEY -out KEY.plain"
	case len(certPEM) > 0 && certPEM[0] == 0x30:
		return "this is DER: convert it with openssl x509 -inform der -in CERT -out CERT.pem"
	case len(keyPEM) > 0 && keyPEM[0] == 0x30:
		return "the key is DER: convert it with openssl pkey -inform der -in KEY -out KEY.pem"
	case strings.Contains(err.Error(), "does not match"):
		return "certificate and key belong to different pairs, or the chain does not start with the server's own"
	case firstBlock(certPEM) != "CERTIFICATE" && firstBlock(keyPEM) == "CERTIFICATE":
		return "certificate and key are swapped"
	case s.CertFile != "" && s.KeyFile == "":
		return "without KeyFile the key must be in CertFile, too"
	}
	return ""
}

func firstBlock(text []byte) string {
	block, _ := pem.Decode(text)
	if block == nil {
		return ""
	}
	return block.Type
}

// withKey makes the certificate of a key that is not ours to read.
func (s Source) withKey(certPEM []byte) (*stdtls.Certificate, error) {
	cert := &stdtls.Certificate{PrivateKey: s.Key}
	for block, rest := pem.Decode(certPEM); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert.Certificate = append(cert.Certificate, block.Bytes)
		}
	}
	return cert, s.complete(cert)
}

// complete parses the leaf and compares it with the key.
func (s Source) complete(cert *stdtls.Certificate) error {
	if len(cert.Certificate) == 0 {
		return s.fail(errors.New("there is no certificate in it"), "")
	}
	if cert.Leaf == nil {
		leaf, err := x509.ParseCertificate(cert.Certificate[0])
		if err != nil {
			return s.fail(err, "")
		}
		cert.Leaf = leaf
	}
	signer, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return s.fail(fmt.Errorf("the private key is a %T, which cannot sign", cert.PrivateKey), "")
	}
	public, ok := cert.Leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(signer.Public()) {
		return s.fail(errors.New("private key does not match public key"), "certificate and key belong to different pairs")
	}
	return nil
}

// ready takes a certificate that the caller has made.
func (s Source) ready(before digest) (*stdtls.Certificate, digest, error) {
	cert := *s.Certificate
	if err := s.complete(&cert); err != nil {
		return nil, digest{}, err
	}
	sum := sumOf(bytes.Join(cert.Certificate, nil), nil)
	if sum == before {
		return nil, sum, nil
	}
	return &cert, sum, nil
}

// checkTime refuses a certificate that no client would take. One that is not valid yet is taken: it
// may be here early, and clocks differ.
func (s Source) checkTime(cert *stdtls.Certificate, now time.Time) error {
	if end := cert.Leaf.NotAfter; now.After(end) {
		return s.fail(fmt.Errorf("%w on %s", ErrExpired, end.UTC().Format(time.RFC3339)),
			"renew it; Config.AllowExpired serves it all the same")
	}
	return nil
}
