package ringwire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/tls"
)

// testIdentity is a certificate that the clients of these tests trust.
var testIdentity = sync.OnceValues(func() (stdtls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
})

// testTLS is the version by which every server of these tests is secured, 0 if none:
// RINGWIRE_TEST_TLS=1.2 or 1.3 has the whole suite go over TLS.
var testTLS = map[string]uint16{"1.2": stdtls.VersionTLS12, "1.3": stdtls.VersionTLS13}[os.Getenv("RINGWIRE_TEST_TLS")]

func withTLS(s *Server) {
	cert, _ := testIdentity()
	s.TLS = &tls.Config{System: &stdtls.Config{Certificates: []stdtls.Certificate{cert}}}
}

// plain is for servers that are spoken to without TLS in any case.
func plain(s *Server) { s.TLS = nil }

// needsPlain skips a test whose clients speak plain HTTP, when all is to go over TLS.
func needsPlain(t *testing.T) {
	if testTLS != 0 {
		t.Skip("its clients speak plain HTTP")
	}
}

// httpsClient has connections of its own, and at most version.
func httpsClient(t *testing.T, version uint16) *http.Client {
	_, pool := testIdentity()
	tr := &http.Transport{TLSClientConfig: &stdtls.Config{RootCAs: pool, MaxVersion: version, ClientSessionCache: stdtls.NewLRUClientSessionCache(8)}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{
			"who": func(w *ResponseWriter, r *Request) {
				fmt.Fprintf(w, "%s %s resumed=%v", r.TLS().Protocol, r.TLS().Plane, r.TLS().Resumed)
			},
			"echo": func(w *ResponseWriter, r *Request) {
				p, err := r.Body.View()
				if err != nil {
					Error(w, err.Error(), 500)
				}
				_, _ = w.Write(p)
			},
		}), withTLS)
		for _, v := range []struct {
			version uint16
			plane   tls.Plane
		}{{stdtls.VersionTLS12, tls.RecordStream}, {stdtls.VersionTLS13, tls.RecordInPlace}} {
			c := httpsClient(t, v.version)
			for _, b := range []string{"/", "/b/"} {
				get := func() string {
					res, err := c.Get("https://" + s.addr + b + "who")
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					p, _ := io.ReadAll(res.Body)
					return string(p)
				}
				if got, want := get(), " "+v.plane.String()+" resumed="; !strings.Contains(got, want) {
					t.Errorf("%q, want %q in it", got, want)
				}
				c.CloseIdleConnections()
				if got := get(); !strings.Contains(got, "resumed=true") {
					t.Errorf("a second connection: %q, want it resumed", got)
				}
				for _, n := range []int{1, 5000, 200_000, 1_000_000} {
					body := pattern(n)
					res, err := c.Post("https://"+s.addr+b+"echo", "text/plain", strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					p, err := io.ReadAll(res.Body)
					if err != nil || string(p) != body {
						t.Errorf("%d bytes came back as %d, %v", n, len(p), err)
					}
					_ = res.Body.Close()
				}
			}
		}
	})
}

// Many connections that come at once are all served, by the loop and what relieves it, if anything does.
func TestHTTPSBurst(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("ok") }, withTLS,
			func(s *Server) { s.HandshakeWorkers = 2 })
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				c := httpsClient(t, 0)
				res, err := c.Get("https://" + s.addr + "/")
				if err != nil {
					t.Error(err)
					return
				}
				_ = res.Body.Close()
				c.CloseIdleConnections()
			})
		}
		wg.Wait()
		st := s.Stats()
		if st.Handshakes != 64 || st.HandshakeErrors != 0 {
			t.Errorf("%d handshakes, %d errors", st.Handshakes, st.HandshakeErrors)
		}
		t.Logf("%d of %d handshakes were handed over", st.HandedOver, st.Handshakes)
	})
}

// A goroutine that takes turns with a loop on one processor relieves it of nothing, unless it is asked to.
func TestHandshakersTakeSpareProcessorsOnly(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		for _, tc := range []struct {
			procs, loops, workers int
			want                  bool
			why                   string
		}{
			{3, 1, 0, true, "two processors are left"},
			{2, 1, 0, false, "the one that is left is for others"},
			{2, 2, 0, false, "none is left"},
			{2, 2, 1, true, "they were asked for"},
			{3, 1, -1, false, "they were asked not to be"},
		} {
			procs := runtime.GOMAXPROCS(tc.procs)
			s := start(t, driver, hello, withTLS, func(s *Server) { s.Loops, s.HandshakeWorkers = tc.loops, tc.workers })
			runtime.GOMAXPROCS(procs)
			if got := s.handshakers != nil; got != tc.want {
				t.Errorf("%d processors, %d loops: workers for handshakes: %v, want %v: %s", tc.procs, tc.loops, got, tc.want, tc.why)
			}
		}
	})
}
