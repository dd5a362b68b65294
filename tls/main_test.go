package tls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/leak"
	"github.com/ringwire/ringwire/mem"
)

// identity is a certificate that everybody in these tests trusts.
type identity struct {
	cert stdtls.Certificate
	pool *x509.CertPool
}

var testIdentity = sync.OnceValue(func() identity {
	cert := newCertificate("example.test")
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	return identity{cert, pool}
})

// newCertificate is self-signed.
func newCertificate(name string) stdtls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func serverConfig() *stdtls.Config {
	return &stdtls.Config{Certificates: []stdtls.Certificate{testIdentity().cert}, NextProtos: []string{"http/1.1"}}
}

func clientConfig() *stdtls.Config {
	return &stdtls.Config{RootCAs: testIdentity().pool, ServerName: "example.test", NextProtos: []string{"h2", "http/1.1"}}
}

func engine(t testing.TB, std *stdtls.Config, role Role) *Engine {
	t.Helper()
	e, err := NewEngine(Config{System: std}, role)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// loopOf is a loop whose memory is checked at the end.
func loopOf(t testing.TB, e *Engine) *Loop {
	a := mem.NewAllocator(mem.Config{})
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.NewLoop(a)
}

// link is one session on a real or imagined transport, driven from the test's goroutine.
type link struct {
	t     testing.TB
	s     *Session
	conn  io.ReadWriter
	out   mem.Writer
	chunk int    // bytes taken from the transport at a time
	in    []byte // received, not yet used
}

func newLink(t testing.TB, s *Session, conn io.ReadWriter, chunk int) *link {
	k := &link{t: t, s: s, conn: conn, chunk: chunk}
	k.out.Init(s.loop.alloc, 512)
	t.Cleanup(func() {
		k.out.Release()
		s.Abort()
	})
	return k
}

// flush sends what is due.
func (k *link) flush() {
	if _, err := k.out.Segments().WriteTo(k.conn); err != nil {
		k.out.Release()
	}
}

// fill receives some.
func (k *link) fill() error {
	buf := make([]byte, k.chunk)
	n, err := k.conn.Read(buf)
	k.in = append(k.in, buf[:n]...)
	if n > 0 {
		return nil
	}
	return err
}

// handshake runs Step to its end.
func (k *link) handshake() error {
	for {
		used, state, err := k.s.Step(k.in, &k.out)
		k.in = k.in[used:]
		k.flush()
		if err != nil || state == Ready {
			return err
		}
		if err := k.fill(); err != nil {
			return err
		}
	}
}

// next opens the next record that is not merely consumed.
func (k *link) next() (View, error) {
	for {
		if n, _ := k.s.Frame(k.in); n > 0 {
			v, err := k.s.Open(k.in[:n])
			v.Data = bytes.Clone(v.Data)
			k.in = k.in[n:]
			if k.s.Owes() {
				k.s.Pending(&k.out)
				k.flush()
			}
			if err != nil || v.Kind == Data || v.Kind == CloseNotify {
				return v, err
			}
			continue
		}
		if err := k.fill(); err != nil {
			if end := k.s.End(); end != nil {
				return View{}, end
			}
			return View{}, err
		}
	}
}

// read collects n bytes.
func (k *link) read(n int) []byte {
	k.t.Helper()
	var p []byte
	for len(p) < n {
		v, err := k.next()
		if err != nil || v.Kind != Data {
			k.t.Fatalf("reading byte %d of %d: %v, kind %d", len(p), n, err, v.Kind)
		}
		p = append(p, v.Data...)
	}
	return p
}

func (k *link) write(p []byte) {
	var from mem.Segments
	from.Init(k.s.loop.alloc)
	from.AppendCopy(p)
	k.s.Encrypt(&k.out, &from, len(p))
	if from.Len() > 0 {
		k.t.Helper()
		k.t.Errorf("%d bytes were not encrypted", from.Len())
		from.Release()
	}
	k.flush()
}

// pair is two ends of a loopback connection.
func pair(t testing.TB) (a, b net.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if b, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		t.Cleanup(func() { _ = c.Close() })
	}
	return a, b
}

// echo is a crypto/tls peer that sends back what it gets, and then its close_notify.
func echo(c *stdtls.Conn) error {
	buf := make([]byte, 40000)
	for {
		n, err := c.Read(buf)
		if n > 0 {
			if _, err := c.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return c.CloseWrite()
		}
		if err != nil {
			return err
		}
	}
}

// TestMain sees to it that no goroutine, nor a coroutine that is one, is left.
func TestMain(m *testing.M) { leak.Main(m) }

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8)
	}
	return p
}
