package certs

import (
	"crypto/sha256"
	"crypto/subtle"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
)

// Pins are public keys of which a client wants to meet one. They are SHA-256 over a certificate's
// SubjectPublicKeyInfo (RFC 7469 §2.4), so that a certificate may be renewed with the same key. Keep a spare
// pin, of a key that is not in use yet: without one a lost key locks everybody out.
//
// A server that serves one of several keys by what the client can verify is pinned with all of them.
type Pins struct {
	sums [][sha256.Size]byte
}

// ParsePins reads pins of the form sha256/BASE64; pin-sha256="BASE64" (RFC 7469 §2.1.1) is the same. [PinOf]
// makes them; so does
//
//	openssl x509 -in CERT -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64
func ParsePins(pins ...string) (*Pins, error) {
	if len(pins) == 0 {
		return nil, &ConfigError{"pins", "there are none: no server would do"}
	}
	p := new(Pins)
	for _, text := range pins {
		sum, err := parsePin(text)
		if err != nil {
			return nil, err
		}
		p.sums = append(p.sums, sum)
	}
	return p, nil
}

func parsePin(text string) (sum [sha256.Size]byte, err error) {
	encoded, ok := strings.CutPrefix(text, "sha256/")
	if !ok {
		if encoded, ok = strings.CutPrefix(text, `pin-sha256="`); ok {
			encoded, ok = strings.CutSuffix(encoded, `"`)
		}
	}
	if !ok {
		return sum, fmt.Errorf(`certs: pin %.80q is neither sha256/BASE64 nor pin-sha256="BASE64"`, text)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != len(sum) {
		return sum, fmt.Errorf("certs: pin %.80q is not the base64 of %d bytes", text, len(sum))
	}
	return [sha256.Size]byte(raw), nil
}

// PinOf returns a certificate's pin, as [ParsePins] takes it.
func PinOf(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return "sha256/" + base64.StdEncoding.EncodeToString(sum[:])
}

// PinError tells that a server has shown other keys than those that are pinned.
type PinError struct {
	ServerName string
	Offered    []string // the pins of the certificates that counted, the server's own first
}

func (e *PinError) Error() string {
	return fmt.Sprintf("certs: no key of %q is pinned; it offers %s: if the change was meant, add one of these",
		e.ServerName, strings.Join(e.Offered, ", "))
}

// VerifyConnection is for Config.VerifyConnection of crypto/tls, which calls it for resumed sessions,
// too. It fails with a [PinError].
//
// With normal verification a pin may be that of any certificate in a verified chain, so that an
// issuer can be pinned (RFC 7469 §2.6). With Config.InsecureSkipVerify nothing but the
// server's own certificate counts: it is the only one whose key the handshake has proved; what follows it
// could have been copied from anywhere. Names and dates are not looked at then: the pin alone says who it is.
func (p *Pins) VerifyConnection(cs stdtls.ConnectionState) error {
	matched := 0
	check := func(cert *x509.Certificate) {
		sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
		for i := range p.sums { // all of them: the time says nothing about which
			matched |= subtle.ConstantTimeCompare(sum[:], p.sums[i][:])
		}
	}
	var counted []*x509.Certificate
	for _, chain := range cs.VerifiedChains {
		counted = append(counted, chain...)
	}
	if len(counted) == 0 && len(cs.PeerCertificates) > 0 {
		counted = cs.PeerCertificates[:1]
	}
	for _, cert := range counted {
		check(cert)
	}
	if matched == 1 {
		return nil
	}
	failed := &PinError{ServerName: cs.ServerName}
	seen := map[string]bool{}
	for _, cert := range counted {
		if pin := PinOf(cert); !seen[pin] {
			seen[pin] = true
			failed.Offered = append(failed.Offered, pin)
		}
	}
	return failed
}

// Require makes cfg insist on the pins, after what its VerifyConnection asks already. cfg must not be in
// use yet. Servers can pin their clients' keys with it, too, where ClientAuth asks for a certificate.
func (p *Pins) Require(cfg *stdtls.Config) {
	before := cfg.VerifyConnection
	cfg.VerifyConnection = func(cs stdtls.ConnectionState) error {
		if before != nil {
			if err := before(cs); err != nil {
				return err
			}
		}
		return p.VerifyConnection(cs)
	}
}
