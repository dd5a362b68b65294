package ringwire

import (
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/tlsconn"
	"github.com/ringwire/ringwire/tls"
)

// The client's side of package tls, against servers that others wrote, directly and with
// every byte in a segment of its own.

// ourClient is a Config for the client's side.
func ourClient(t *testing.T, version uint16) *tls.Engine {
	t.Helper()
	cert, pool := testIdentity()
	e, err := tls.NewEngine(tls.Config{System: &stdtls.Config{RootCAs: pool, Certificates: []stdtls.Certificate{cert}, MaxVersion: version,
		ClientSessionCache: stdtls.NewLRUClientSessionCache(4)}}, tls.Client)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// dialOurs shakes hands with addr.
func dialOurs(t *testing.T, e *tls.Engine, addr string) *tlsconn.Conn {
	t.Helper()
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.SetDeadline(time.Now().Add(60 * time.Second))
	c := tlsconn.Client(raw, e, "localhost")
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c
}

// readUntil reads until text has come.
func readUntil(t *testing.T, c io.Reader, text string) {
	t.Helper()
	got, buf := "", make([]byte, 1000)
	for !strings.Contains(got, text) {
		n, err := c.Read(buf)
		if got += string(buf[:n]); err != nil {
			t.Fatalf("%v before %q; all there is: %q", err, text, got)
		}
	}
}

// waysTo runs f with an address and its drip.
func waysTo(t *testing.T, addr string, f func(t *testing.T, addr string)) {
	t.Run("direct", func(t *testing.T) { f(t, addr) })
	t.Run("drip", func(t *testing.T) { f(t, drip(t, addr)) })
}

var acceptLine = regexp.MustCompile(`ACCEPT (\S+)\n`)

// opensslServer starts s_server and returns what talks to it, and its address.
func opensslServer(t *testing.T, files tlsFiles, args ...string) (*dialogue, string) {
	t.Helper()
	d := converse(t, "openssl", files.fill(append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", "CA.PEM", "-key", "KEY.PEM"}, args...), ":0"))
	d.expect("ACCEPT ")
	d.expect("\n")
	d.mu.Lock()
	defer d.mu.Unlock()
	return d, acceptLine.FindStringSubmatch(d.got.String())[1]
}

func TestTLSToOpenSSL(t *testing.T) {
	t.Parallel()
	files := newTLSFiles(t)
	for name, c := range map[string]struct {
		args    []string
		version uint16
		suite   uint16
		updates bool
	}{
		"AES-128":     {[]string{"-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"}, 0, stdtls.TLS_AES_128_GCM_SHA256, true},
		"AES-256":     {[]string{"-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"}, 0, stdtls.TLS_AES_256_GCM_SHA384, true},
		"ChaCha20":    {[]string{"-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"}, 0, stdtls.TLS_CHACHA20_POLY1305_SHA256, true},
		"TLS 1.2":     {[]string{"-tls1_2"}, 0, 0, false},
		"P-384":       {[]string{"-tls1_3", "-groups", "P-384"}, 0, 0, true},
		"certificate": {[]string{"-Verify", "1", "-CAfile", "CA.PEM", "-verify_return_error"}, 0, 0, true},
		"no tickets":  {[]string{"-num_tickets", "0"}, 0, 0, true},
		"9 tickets":   {[]string{"-tls1_3", "-num_tickets", "9"}, 0, 0, true},
		"fragments":   {[]string{"-tls1_3", "-split_send_frag", "16", "-max_send_frag", "512"}, 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, addr := opensslServer(t, files, c.args...)
			waysTo(t, addr, func(t *testing.T, addr string) {
				conn := dialOurs(t, ourClient(t, c.version), addr)
				i := conn.Session.Info()
				if c.suite != 0 && i.CipherSuite != c.suite || (i.Version == stdtls.VersionTLS13) != (i.Plane == tls.RecordInPlace) {
					t.Errorf("agreed on %+v", i)
				}
				for n := range 3 {
					d.say(fmt.Sprintf("line %d\n", n))
					readUntil(t, conn, fmt.Sprintf("line %d\n", n))
					if _, err := fmt.Fprintf(conn, "answer %d.\n", n); err != nil {
						t.Fatal(err)
					}
					d.expect(fmt.Sprintf("answer %d.", n))
					if c.updates {
						d.say([]string{"K\n", "k\n", "K\n"}[n])
						time.Sleep(50 * time.Millisecond) // its letters count at the front of what it reads
					}
				}
				if err := conn.CloseWrite(); err != nil {
					t.Error(err)
				}
				d.expect("DONE")
			})
		})
	}
}

// A second and a third connection resume, with tickets of OpenSSL's and of GnuTLS's.
func TestTLSToOthersResumes(t *testing.T) {
	t.Parallel()
	files := newTLSFiles(t)
	get := func(t *testing.T, e *tls.Engine, addr string) bool {
		t.Helper()
		c := dialOurs(t, e, addr)
		_, _ = io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
		if text, err := io.ReadAll(c); len(text) == 0 || err != nil && !errors.Is(err, tls.ErrTruncated) {
			t.Fatalf("%v, %q", err, text)
		}
		resumed := c.Session.Info().Resumed
		if err := errors.Join(c.CloseWrite(), c.Close()); err != nil { // OpenSSL's serves one at a time
			t.Log(err)
		}
		return resumed
	}
	servers := map[string]func(t *testing.T, version string) string{
		"openssl": func(t *testing.T, version string) string {
			_, addr := opensslServer(t, files, "-www", map[string]string{"1.2": "-tls1_2", "1.3": "-tls1_3"}[version])
			return addr
		},
		"gnutls": func(t *testing.T, version string) string {
			if _, err := exec.LookPath("gnutls-serv"); err != nil {
				t.Skip("gnutls-serv is not installed")
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			addr := ln.Addr().String()
			_ = ln.Close()
			d := converse(t, "gnutls-serv", files.fill([]string{"--http", "-p", "PORT", "--x509certfile=CA.PEM", "--x509keyfile=KEY.PEM", "--disable-client-cert",
				"--priority=NORMAL:-VERS-ALL:+VERS-TLS" + version}, addr))
			d.expect("listening on IPv4")
			d.expect("done")
			return addr
		},
	}
	for server, begin := range servers {
		for _, version := range []string{"1.2", "1.3"} {
			t.Run(server+" "+version, func(t *testing.T) {
				t.Parallel()
				waysTo(t, begin(t, version), func(t *testing.T, addr string) {
					e := ourClient(t, 0)
					for i := range 3 {
						if resumed := get(t, e, addr); resumed != (i > 0) {
							t.Errorf("connection %d: resumed %v", i, resumed)
						}
					}
				})
			})
		}
	}
}
