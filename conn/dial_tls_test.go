package conn_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/tls"
)

// identity is a certificate for localhost, and who trusts it.
var identity = sync.OnceValues(func() (stdtls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
})

func clientEngine(t *testing.T, trusting bool) *tls.Engine {
	t.Helper()
	_, pool := identity()
	if !trusting {
		pool = x509.NewCertPool()
	}
	e, err := tls.NewEngine(tls.Config{System: &stdtls.Config{RootCAs: pool, NextProtos: []string{"echo"}}}, tls.Client)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// secureEcho is a server of crypto/tls.
func secureEcho(t *testing.T, version uint16) string {
	cert, _ := identity()
	cfg := &stdtls.Config{Certificates: []stdtls.Certificate{cert}, MaxVersion: version, NextProtos: []string{"echo"}}
	return serve(t, "tcp", func(nc net.Conn) {
		c := stdtls.Server(nc, cfg)
		_, _ = io.Copy(c, c)
		_ = c.Close()
	})
}

func TestDialTLS(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
		e := clientEngine(t, true)
		for _, version := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
			address := secureEcho(t, version)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					a := newAsker(question(300_000))
					if err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: address, TLS: e}, a); err != nil {
						t.Error(err)
						return
					}
					if err := a.wait(t); err != nil || !bytes.Equal(a.got.Bytes(), a.ask) || a.alpn != "echo" {
						t.Errorf("%d of %d bytes came back, ALPN %q; %v", a.got.Len(), len(a.ask), a.alpn, err)
					}
				})
			}
			all.Wait()
		}
	})
}

// Each failure is Dial's error, and nothing else is called.
func TestDialTLSFails(t *testing.T) {
	eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
		silent := serve(t, "tcp", func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
		plain := serve(t, "tcp", func(nc net.Conn) { _, _ = io.WriteString(nc, "220 ready\r\n"); _, _ = io.Copy(io.Discard, nc) })
		cut := serve(t, "tcp", func(nc net.Conn) { _, _ = nc.Read(make([]byte, 10)) })
		for name, c := range map[string]struct {
			address string
			engine  *tls.Engine
			server  string
			wait    time.Duration
			want    func(err error) bool
		}{
			"unknown issuer": {secureEcho(t, 0), clientEngine(t, false), "", 0, isA[x509.UnknownAuthorityError]},
			"another name":   {secureEcho(t, 0), clientEngine(t, true), "example.org", 0, isA[x509.HostnameError]},
			"no TLS":         {plain, clientEngine(t, true), "", 0, isA[stdtls.RecordHeaderError]},
			"cut":            {cut, clientEngine(t, true), "", 0, func(err error) bool { return strings.Contains(err.Error(), "within the TLS handshake") }},
			"given up":       {silent, clientEngine(t, true), "", 50 * time.Millisecond, is(context.DeadlineExceeded)},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			if c.wait > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), c.wait)
			}
			a := newAsker([]byte("x"))
			err := l.Dial(ctx, conn.Remote{Network: "tcp", Address: c.address, TLS: c.engine, ServerName: c.server}, a)
			if cancel(); err == nil || !c.want(err) {
				t.Errorf("%s: %v", name, err)
			}
			a.unheard(t)
		}
		until(t, l, func(st conn.Stats) bool { return st.Open == 0 })
	})
}

func TestDialTLSSilence(t *testing.T) {
	eachLoopWith(t, 100*time.Millisecond, func(t *testing.T, l *conn.Loop, _ func()) {
		address := serve(t, "tcp", func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
		a := newAsker([]byte("x"))
		if err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: address, TLS: clientEngine(t, true)}, a); !errors.Is(err, conn.ErrHandshakeTimeout) {
			t.Errorf("Dial: %v", err)
		}
		a.unheard(t)
	})
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// until waits for a condition, which is looked at on the loop.
func until(t *testing.T, l *conn.Loop, ok func(conn.Stats) bool) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		got := make(chan conn.Stats)
		l.Post(task(func() { got <- l.Stats() }))
		st := <-got
		if ok(st) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still %+v", st)
		}
	}
}

// A loop that stops, or shuts down, in the middle of handshakes ends them.
func TestDialTLSStopped(t *testing.T) {
	for _, orderly := range []bool{false, true} {
		eachLoop(t, func(t *testing.T, l *conn.Loop, stop func()) {
			address := serve(t, "tcp", func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
			e := clientEngine(t, true)
			errs := make(chan error, 4)
			for range cap(errs) {
				go func() {
					a := newAsker(nil)
					err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: address, TLS: e}, a)
					a.unheard(t)
					errs <- err
				}()
			}
			until(t, l, func(st conn.Stats) bool { return st.Open == cap(errs) })
			if orderly {
				l.Post(task(l.Shutdown))
			} else {
				stop()
			}
			for range cap(errs) {
				if err := <-errs; !errors.Is(err, conn.ErrStopped) {
					t.Errorf("Dial: %v", err)
				}
			}
		})
	}
}

// openssl is content with the client's side, and the client with it.
func TestDialOpenSSL(t *testing.T) {
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	cert, _ := identity()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	pemFile(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", cert.Certificate[0])
	pemFile(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", der)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		t.Run(version, func(t *testing.T) {
			// With -rev a line comes back reversed.
			server := exec.Command(path, "s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", version, "-rev")
			server.Dir = dir
			out, err := server.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _, _ = server.Process.Kill(), server.Wait() })
			address := acceptLine(t, out)
			eachLoop(t, func(t *testing.T, l *conn.Loop, _ func()) {
				a := newAsker([]byte("nolem on\n"))
				if err := l.Dial(t.Context(), conn.Remote{Network: "tcp", Address: address, TLS: clientEngine(t, true)}, a); err != nil {
					t.Fatal(err)
				}
				if err := a.wait(t); err != nil || a.got.String() != "no melon\n" {
					t.Errorf("the answer is %q, %v", a.got.String(), err)
				}
			})
		})
	}
}

func pemFile(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// acceptLine reads "ACCEPT address".
func acceptLine(t *testing.T, out io.Reader) string {
	t.Helper()
	var text []byte
	for b := make([]byte, 1); ; {
		if _, err := out.Read(b); err != nil {
			t.Fatalf("%v after %q", err, text)
		}
		if text = append(text, b[0]); b[0] != '\n' {
			continue
		}
		if address, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ACCEPT "); ok {
			return address
		}
		text = text[:0]
	}
}
