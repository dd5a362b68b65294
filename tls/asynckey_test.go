package tls

import (
	"crypto"
	"crypto/rand"
	stdtls "crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// slowKey is an AsyncSigner whose answers the test gives.
type slowKey struct {
	crypto.Signer
	asked chan func() // each answers one
	fail  error
	sync  bool // answers before SignAsync returns
}

func (k *slowKey) SignAsync(digest []byte, opts crypto.SignerOpts, done func([]byte, error)) {
	digest = append([]byte(nil), digest...) // borrowed
	answer := func() {
		if k.fail != nil {
			done(nil, k.fail)
			return
		}
		done(k.Signer.Sign(rand.Reader, digest, opts))
	}
	if k.sync {
		answer()
		return
	}
	k.asked <- answer
}

// Sign must not be called where the loop could wait.
func (k *slowKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("Sign was called")
}

func slow() (*slowKey, stdtls.Certificate) {
	cert := testIdentity().cert
	k := &slowKey{Signer: cert.PrivateKey.(crypto.Signer), asked: make(chan func(), 1)}
	cert.PrivateKey = k
	return k, cert
}

// asyncPair is a session with a slow key, in either role, and the peer's side of it. by says
// how the certificate is given.
func asyncSession(t *testing.T, role Role, cert stdtls.Certificate, by string, version uint16) (*Session, *link, chan error) {
	var std *stdtls.Config
	if role == Server {
		std = serverConfig()
	} else {
		std = clientConfig()
	}
	std.Certificates, std.MaxVersion = []stdtls.Certificate{cert}, version
	switch by {
	case "GetCertificate":
		std.Certificates = nil
		std.GetCertificate = func(*stdtls.ClientHelloInfo) (*stdtls.Certificate, error) { return &cert, nil }
		std.GetClientCertificate = func(*stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) { return &cert, nil }
	case "GetConfigForClient":
		given := std
		std = serverConfig()
		std.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) { return given, nil }
	}
	l := loopOf(t, engine(t, std, role))
	ours, theirs := pair(t)
	done := make(chan error, 1)
	var s *Session
	if role == Server {
		s = l.Accept()
		go func() { done <- echo(stdtls.Client(theirs, clientConfig())) }()
	} else {
		s = l.Dial("")
		server := serverConfig()
		server.ClientAuth = stdtls.RequireAnyClientCert
		go func() { done <- echo(stdtls.Server(theirs, server)) }()
	}
	return s, newLink(t, s, ours, 1<<16), done
}

// untilWaiting steps until the key is asked, or the handshake is over.
func (k *link) untilWaiting() (State, error) {
	for {
		used, state, err := k.s.Step(k.in, &k.out)
		k.in = k.in[used:]
		k.flush()
		if err != nil || state != NeedInput {
			return state, err
		}
		if err := k.fill(); err != nil {
			return state, err
		}
	}
}

// A key may answer late, at once, with an error, or never: the loop goes on.
func TestAsyncSigner(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		for version, v := range versions {
			name := map[Role]string{Server: "server", Client: "client"}[role] + ", TLS " + version
			for _, by := range []string{"Certificates", "GetCertificate", "GetConfigForClient"} {
				if role == Client && by == "GetConfigForClient" {
					continue
				}
				t.Run(name+", "+by, func(t *testing.T) {
					key, cert := slow()
					s, k, done := asyncSession(t, role, cert, by, v)
					woken := make(chan struct{}, 9)
					s.SetWake(func() { woken <- struct{}{} })
					state, err := k.untilWaiting()
					if err != nil || state != Waiting {
						t.Fatalf("state %d, %v, want Waiting", state, err)
					}
					for range 3 { // too early: nothing happens
						if used, state, err := s.Step(nil, &k.out); used != 0 || state != Waiting || err != nil {
							t.Fatalf("stepped while the key works: %d, %d, %v", used, state, err)
						}
					}
					go (<-key.asked)()
					<-woken
					if err := k.handshake(); err != nil {
						t.Fatal(err)
					}
					k.exchange()
					s.Close(&k.out)
					k.flush()
					if err := <-done; err != nil {
						t.Error(err)
					}
				})
			}
			t.Run(name+", at once", func(t *testing.T) {
				key, cert := slow()
				key.sync = true
				s, k, done := asyncSession(t, role, cert, "", v)
				s.SetWake(func() {})
				if state, err := k.untilWaiting(); err != nil || state != Ready {
					t.Fatalf("state %d, %v, want Ready", state, err)
				}
				s.Close(&k.out)
				k.flush()
				<-done
			})
			t.Run(name+", error", func(t *testing.T) {
				key, cert := slow()
				key.fail = errors.New("HSM is on fire")
				s, k, done := asyncSession(t, role, cert, "", v)
				s.SetWake(func() {})
				if _, err := k.untilWaiting(); err != nil {
					t.Fatal(err)
				}
				(<-key.asked)()
				if err := k.handshake(); err == nil || !strings.Contains(err.Error(), key.fail.Error()) {
					t.Errorf("got %v, want the key's error", err)
				}
				if err := <-done; err == nil {
					t.Error("the peer was told nothing")
				}
			})
			t.Run(name+", never", func(t *testing.T) {
				key, cert := slow()
				s, k, done := asyncSession(t, role, cert, "", v)
				woken := make(chan struct{}, 9)
				s.SetWake(func() { woken <- struct{}{} })
				if _, err := k.untilWaiting(); err != nil {
					t.Fatal(err)
				}
				s.Abort()
				(<-key.asked)() // nobody is there any more
				if _, _, err := s.Step(nil, &k.out); err != ErrClosed || s.Owes() {
					t.Errorf("Step after Abort: %v", err)
				}
				_ = k.conn.(io.Closer).Close()
				<-done
			})
		}
	}
	t.Run("without a loop that can wait", func(t *testing.T) { // no SetWake: Sign is what is left
		_, cert := slow()
		_, k, _ := asyncSession(t, Server, cert, "", 0)
		finished := make(chan error, 1)
		go func() { finished <- k.handshake() }()
		select {
		case err := <-finished:
			if err == nil || !strings.Contains(err.Error(), "Sign was called") {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it waits for ever")
		}
	})
}
