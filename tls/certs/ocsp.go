package certs

import (
	"bytes"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// OCSP says how staples are fetched: signed statements of a certificate's issuer that it has not
// been revoked (RFC 6960), which the server sends along so that clients need not ask. It applies to
// certificates that name a responder and come with their issuer's certificate in the chain; others are served
// without. The responders' addresses come from the certificates.
//
// It is off by default: a server that asks third parties over the network surprises, and fewer
// and fewer certificates gain by it. Let's Encrypt names no responder since 2025.
type OCSP struct {
	// CacheDir is a directory that keeps staples over restarts. It must be there. Default none.
	CacheDir string

	Timeout time.Duration // for one request; default 10 s, negative none

	// Client makes the requests. Default: one that uses the proxy of the environment
	// and follows three redirects.
	Client *http.Client
}

func (cfg OCSP) withDefaults() (OCSP, error) {
	defaultTime(&cfg.Timeout, 10*time.Second)
	if cfg.Client == nil {
		// Requests are hours apart: no connection is kept, so that none is left after Close.
		cfg.Client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("more than 3 redirects")
			}
			return nil
		}}
	}
	if cfg.CacheDir != "" {
		if err := checkDir(cfg.CacheDir); err != nil {
			return cfg, &ConfigError{"OCSP.CacheDir", err.Error()}
		}
	}
	return cfg, nil
}

// clockSkew is how far a responder's clock may be ahead.
const clockSkew = 5 * time.Minute

var (
	errRevoked  = errors.New("the certificate is revoked: replace it")
	errNoIssuer = errors.New("the chain lacks the issuer's certificate: append it to the certificate's file")
)

// subject is a certificate that there can be a staple for.
type subject struct {
	leaf, issuer *x509.Certificate
	url          string
}

// subjectOf returns ok false for a certificate that has no responder.
func subjectOf(cert *stdtls.Certificate) (sub subject, ok bool, err error) {
	for _, url := range cert.Leaf.OCSPServer {
		if isHTTP(url) {
			sub = subject{leaf: cert.Leaf, url: url}
			break
		}
	}
	if sub.url == "" {
		return sub, false, nil
	}
	if len(cert.Certificate) < 2 {
		return sub, true, errNoIssuer
	}
	issuer, err := x509.ParseCertificate(cert.Certificate[1])
	if err != nil {
		return sub, true, err
	}
	if err := cert.Leaf.CheckSignatureFrom(issuer); err != nil {
		return sub, true, fmt.Errorf("the chain's second certificate is not the first one's issuer: %w", err)
	}
	sub.issuer = issuer
	return sub, true, nil
}

// verify checks a response as a client will, and more strictly.
func (sub subject) verify(der []byte, now time.Time) (*ocsp.Response, error) {
	res, err := ocsp.ParseResponseForCert(der, sub.leaf, sub.issuer)
	if err != nil {
		return nil, fmt.Errorf("bad OCSP response: %w", err)
	}
	if err := sub.checkResponder(res, now); err != nil {
		return nil, err
	}
	switch {
	case res.Status == ocsp.Revoked:
		return nil, fmt.Errorf("%w (revoked at %s)", errRevoked, res.RevokedAt.UTC().Format(time.RFC3339))
	case res.Status != ocsp.Good:
		return nil, errors.New("the responder does not know the certificate")
	case res.ThisUpdate.After(now.Add(clockSkew)):
		return nil, errors.New("the OCSP response is of the future: check the clock")
	case res.NextUpdate.IsZero():
		return nil, errors.New("the OCSP response does not say how long it is valid (RFC 5019 §2.2.4)")
	case !now.Before(res.NextUpdate):
		return nil, errors.New("the OCSP response has expired")
	}
	return res, nil
}

// checkResponder is what package ocsp leaves to its callers: a certificate of the same issuer must not
// answer for others, or for itself, unless it was made to (RFC 6960 §4.2.2.2).
func (sub subject) checkResponder(res *ocsp.Response, now time.Time) error {
	by := res.Certificate
	switch {
	case by == nil || by.Equal(sub.issuer):
		return nil
	case !bytes.Equal(by.RawIssuer, sub.issuer.RawSubject):
		return errors.New("the OCSP response is signed by a stranger's certificate")
	case !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("the OCSP response is signed by a certificate that is not for OCSP (RFC 6960 §4.2.2.2)")
	case now.Before(by.NotBefore) || now.After(by.NotAfter):
		return errors.New("the OCSP responder's certificate is not valid now")
	}
	return nil
}

// mustStaple reports whether the certificate has the TLS feature extension with status_request: clients that
// know it refuse the certificate without a staple (RFC 7633).
func mustStaple(cert *x509.Certificate) bool {
	const statusRequest = 5
	for _, ext := range cert.Extensions {
		if !ext.Id.Equal(tlsFeature) {
			continue
		}
		var features []int
		_, err := asn1.Unmarshal(ext.Value, &features)
		return err == nil && slices.Contains(features, statusRequest)
	}
	return false
}

var tlsFeature = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
