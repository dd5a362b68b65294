package tls

import (
	"crypto"
	stdtls "crypto/tls"
	"io"
	"sync/atomic"
)

// AsyncSigner is a private key that takes its time, in an HSM or on another machine: while
// it works the connection waits and the loop goes on. It stands in Certificate.PrivateKey.
type AsyncSigner interface {
	crypto.Signer // Sign is used where nothing can wait

	// SignAsync begins to sign what Sign would and returns at once; digest is borrowed for
	// the call. done is called exactly once, on any goroutine, with what Sign would return.
	SignAsync(digest []byte, opts crypto.SignerOpts, done func(signature []byte, err error))
}

// loopKey is an AsyncSigner as crypto/tls sees it: Sign yields until the answer is there.
type loopKey struct {
	AsyncSigner
	loop *Loop
}

type signature struct {
	bytes []byte
	err   error
}

func (k loopKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s := k.loop.current
	if s == nil || s.wake == nil || s.hs.yield == nil {
		return k.AsyncSigner.Sign(rand, digest, opts)
	}
	var answer atomic.Pointer[signature]
	wake := s.wake
	k.SignAsync(digest, opts, func(sig []byte, err error) {
		answer.Store(&signature{sig, err})
		wake()
	})
	for {
		if a := answer.Load(); a != nil {
			return a.bytes, a.err
		}
		s.hs.wanted = true
		if err := s.hs.wait(); err != nil {
			return nil, err
		}
	}
}

// bindKeys has the keys of c wait on this loop.
func (l *Loop) bindKeys(c *stdtls.Config) {
	certs := make([]stdtls.Certificate, len(c.Certificates))
	for i, cert := range c.Certificates {
		certs[i] = *l.bindKey(&cert)
	}
	c.Certificates = certs
	if get := c.GetCertificate; get != nil {
		c.GetCertificate = func(hello *stdtls.ClientHelloInfo) (*stdtls.Certificate, error) {
			cert, err := get(hello)
			return l.bindKey(cert), err
		}
	}
	if get := c.GetClientCertificate; get != nil {
		c.GetClientCertificate = func(info *stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) {
			cert, err := get(info)
			return l.bindKey(cert), err
		}
	}
}

// bindKey returns cert, or a copy with a key that waits.
func (l *Loop) bindKey(cert *stdtls.Certificate) *stdtls.Certificate {
	if cert == nil {
		return nil
	}
	key, ok := cert.PrivateKey.(AsyncSigner)
	if !ok {
		return cert
	}
	bound := *cert
	bound.PrivateKey = loopKey{key, l}
	return &bound
}
