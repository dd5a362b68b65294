package ringwire

import (
	"bytes"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Other people's TLS talks to the server: OpenSSL, GnuTLS, what curl, node and python are built
// on, Chromium's BoringSSL. Each directly, and with every byte in a segment of its own.

// tlsFiles are the certificate and key of the tests as files, for others: CA is the certificate.
type tlsFiles struct{ dir, ca, key string }

func newTLSFiles(t *testing.T) tlsFiles {
	t.Helper()
	cert, _ := testIdentity()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	f := tlsFiles{dir: t.TempDir()}
	f.ca, f.key = filepath.Join(f.dir, "cert.pem"), filepath.Join(f.dir, "key.pem")
	for path, block := range map[string]*pem.Block{f.ca: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, f.key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// fill puts addresses and files in place of their names.
func (f tlsFiles) fill(args []string, addr string) []string {
	_, port, _ := net.SplitHostPort(addr)
	r := strings.NewReplacer("URL", "https://"+addr, "ADDR", addr, "PORT", port, "CA.PEM", f.ca, "KEY.PEM", f.key, "DIR", f.dir)
	args = slices.Clone(args)
	for i := range args {
		args[i] = r.Replace(args[i])
	}
	return args
}

// drip forwards connections to addr, both ways, with each byte in a write of its own.
func drip(t *testing.T, addr string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	forward := func(to, from net.Conn) {
		defer to.(*net.TCPConn).CloseWrite()
		buf := make([]byte, 4096)
		for {
			n, err := from.Read(buf)
			for i := range n {
				if _, err := to.Write(buf[i : i+1]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	all.Go(func() {
		for {
			a, err := ln.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", addr)
			if err != nil {
				_ = a.Close()
				continue
			}
			all.Go(func() {
				defer a.Close()
				defer b.Close()
				var both sync.WaitGroup
				both.Go(func() { forward(a, b) })
				both.Go(func() { forward(b, a) })
				both.Wait()
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// eachWay runs f on both drivers, directly and through drip.
func eachWay(t *testing.T, h HandlerFunc, tune func(*Server), f func(t *testing.T, addr, way string)) {
	eachDriver(t, func(t *testing.T, driver string) {
		for _, way := range []string{"direct", "drip"} {
			t.Run(way, func(t *testing.T) {
				s := start(t, driver, h, withTLS, func(s *Server) {
					if tune != nil {
						tune(s)
					}
				})
				addr := s.addr
				if way == "drip" {
					addr = drip(t, addr)
				}
				f(t, addr, way+" "+driver)
			})
		}
	})
}

// whoTLS says what was agreed on, and hello else.
func whoTLS(w *ResponseWriter, r *Request) {
	if r.Path() != "/who" {
		serveClients(w, r)
		return
	}
	i := r.TLS()
	fmt.Fprintf(w, "version=%#x suite=%#x plane=%s resumed=%v certs=%d", i.Version, i.CipherSuite, i.Plane, i.Resumed, len(i.PeerCertificates))
}

const getWho = "GET /who HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

func TestTLSClients(t *testing.T) {
	t.Parallel()
	files := newTLSFiles(t)
	openssl := func(args ...string) []string {
		return append([]string{"s_client", "-connect", "ADDR", "-CAfile", "CA.PEM", "-verify_return_error", "-servername", "localhost",
			"-verify_hostname", "localhost", "-ign_eof"}, args...)
	}
	gnutls := func(priority string, args ...string) []string {
		return append([]string{"--x509cafile=CA.PEM", "--priority=" + priority, "-p", "PORT"}, append(args, "127.0.0.1")...)
	}
	curl := func(args ...string) []string {
		return append([]string{"-sS", "-q", "--noproxy", "*", "--max-time", "60", "--cacert", "CA.PEM"}, args...)
	}
	mutual := func(s *Server) {
		_, pool := testIdentity()
		s.TLS.System.ClientAuth, s.TLS.System.ClientCAs = stdtls.RequireAndVerifyClientCert, pool
	}
	for what, c := range map[string]struct {
		program
		tune func(*Server)
	}{
		"openssl AES-128": {program: program{name: "openssl", args: openssl("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"), in: getWho,
			want: []string{`New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256`, `HTTP/1.1 200`, `version=0x304 suite=0x1301 plane=RecordInPlace`}}},
		"openssl AES-256": {program: program{name: "openssl", args: openssl("-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"), in: getWho,
			want: []string{`version=0x304 suite=0x1302 plane=RecordInPlace`}}},
		"openssl ChaCha20": {program: program{name: "openssl", args: openssl("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), in: getWho,
			want: []string{`version=0x304 suite=0x1303 plane=RecordInPlace`}}},
		"openssl TLS 1.2": {program: program{name: "openssl", args: openssl("-tls1_2"), in: getWho, want: []string{`New, TLSv1.2`, `version=0x303 .* plane=RecordStream`}}},
		"openssl P-384":   {program: program{name: "openssl", args: openssl("-groups", "P-384"), in: getWho, want: []string{`HTTP/1.1 200`, `Server Temp Key: ECDH, (?:P-384|secp384r1)`}}},
		"openssl certificate": {program: program{name: "openssl", args: openssl("-cert", "CA.PEM", "-key", "KEY.PEM"), in: getWho,
			want: []string{`certs=1`, `plane=RecordInPlace`}}, tune: mutual},
		"openssl certificate 1.2": {program: program{name: "openssl", args: openssl("-cert", "CA.PEM", "-key", "KEY.PEM", "-tls1_2"), in: getWho,
			want: []string{`certs=1`}}, tune: mutual},
		"openssl small records": {program: program{name: "openssl", args: openssl("-split_send_frag", "16", "-max_send_frag", "512", "-max_pipelines", "1", "-tls1_3"), in: getWho,
			want: []string{`version=0x304`}}},

		"gnutls AES-128":  {program: program{name: "gnutls-cli", args: gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM"), in: getWho, want: []string{`suite=0x1301`}}},
		"gnutls AES-256":  {program: program{name: "gnutls-cli", args: gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM"), in: getWho, want: []string{`suite=0x1302`}}},
		"gnutls ChaCha20": {program: program{name: "gnutls-cli", args: gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305"), in: getWho, want: []string{`suite=0x1303`}}},
		"gnutls TLS 1.2":  {program: program{name: "gnutls-cli", args: gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2"), in: getWho, want: []string{`version=0x303`}}},
		"gnutls certificate": {program: program{name: "gnutls-cli", args: gnutls("NORMAL", "--x509certfile=CA.PEM", "--x509keyfile=KEY.PEM"), in: getWho,
			want: []string{`certs=1`}}, tune: mutual},

		"curl":         {program: program{name: "curl", args: curl("-i", "--http1.1", "URL/who"), want: []string{`^HTTP/1.1 200`, `version=0x304`}}},
		"curl ChaCha":  {program: program{name: "curl", args: curl("--tlsv1.3", "--tls13-ciphers", "TLS_CHACHA20_POLY1305_SHA256", "URL/who"), want: []string{`suite=0x1303`}}},
		"curl TLS 1.2": {program: program{name: "curl", args: curl("--tls-max", "1.2", "URL/who", "-d", "x", "URL/echo"), want: []string{`version=0x303`}}},
		"curl TLS 1.1": {program: program{name: "sh", args: []string{"-c", `curl -sSq --noproxy '*' --cacert CA.PEM --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 URL/who 2>&1 || echo refused`}, want: []string{`refused`}, not: []string{"version="}}},
		"curl HTTP":    {program: program{name: "sh", args: []string{"-c", `curl -sSq --noproxy '*' http://ADDR/who 2>&1 || echo refused`}, want: []string{`refused`}, not: []string{"HTTP/1.1 400"}}},
		"curl POST":    {program: program{name: "curl", args: curl("--data-binary", strings.Repeat("x", 30_000), "URL/count"), want: []string{"^30000$"}}},

		"node":    {program: program{name: "node", args: []string{"-e", nodeTLSClient, "URL", "CA.PEM"}, want: []string{"^ok\n$"}}},
		"python3": {program: program{name: "python3", args: []string{"-c", pythonTLSClient, "ADDR", "CA.PEM"}, want: []string{"^ok\n$"}}},
		"chromium": {program: program{name: "chromium", args: []string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-first-run",
			"--no-default-browser-check", "--no-proxy-server", "--ignore-certificate-errors", "--user-data-dir=DIR/WAY",
			"--virtual-time-budget=30000", "--dump-dom", "URL/page"}, want: []string{"<title>ok</title>"}}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(c.name)
			switch {
			case err != nil:
				t.Skipf("%s is not installed", c.name)
			case c.slow() && testing.Short():
				t.Skipf("%s takes seconds", c.name)
			}
			eachWay(t, whoTLS, func(s *Server) {
				s.BodyBuffer, s.MaxBody = 64<<10, -1
				if c.tune != nil {
					c.tune(s)
				}
			}, func(t *testing.T, addr, way string) {
				if c.name == "chromium" && strings.HasPrefix(way, "drip") {
					t.Skip("a megabyte, byte by byte")
				}
				args := files.fill(c.args, addr)
				for i := range args {
					args[i] = strings.ReplaceAll(args[i], "WAY", strings.ReplaceAll(way, " ", "-"))
				}
				c.run(t, path, args)
			})
		})
	}
}

// nodeTLSClient asks on new and on kept connections, and resumes.
const nodeTLSClient = `
const https = require('https'), fs = require('fs'), assert = require('assert'), [url, ca] = process.argv.slice(1);
const agent = new https.Agent({keepAlive: true, maxSockets: 2, ca: fs.readFileSync(ca), maxCachedSessions: 10});
const ask = (path, options = {}, body) => new Promise((resolve, reject) => {
	const req = https.request(url + path, {agent, ...options}, res => {
		let text = '';
		res.on('data', p => text += p).on('end', () => resolve(text)).on('error', reject);
	}).on('error', reject);
	req.end(body);
});
(async () => {
	assert((await ask('/who')).startsWith('version=0x304'));
	for (const a of await Promise.all(Array.from({length: 10}, (_, i) => ask('/hello')))) assert.equal(a, 'hello /hello');
	assert.equal(await ask('/echo', {method: 'POST'}, 'x'.repeat(5000)), 'x'.repeat(5000));
	const fresh = await ask('/who', {headers: {Connection: 'close'}});
	assert(fresh.includes('plane=RecordInPlace'), fresh);
	agent.destroy();
	console.log('ok');
})().catch(e => { console.error(e); process.exit(1) });
`

// pythonTLSClient checks the certificate, keeps a connection, and resumes by hand.
const pythonTLSClient = `
import socket, ssl, sys
host, port = sys.argv[1].split(':')
for top, code in ((ssl.TLSVersion.TLSv1_2, '0x303'), (ssl.TLSVersion.TLSv1_3, '0x304')):
    ctx = ssl.create_default_context(cafile=sys.argv[2])
    ctx.maximum_version = top
    session = None
    for i in range(3):
        raw = socket.create_connection((host, int(port)), timeout=60)
        with ctx.wrap_socket(raw, server_hostname='localhost', session=session) as c:
            for path, want in (('hello', 'hello /hello'), ('who', 'version=' + code)):
                c.sendall(('GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n' % path).encode())
                text = b''
                while b'\r\n\r\n' not in text or want.encode() not in text:
                    p = c.recv(4096)
                    assert p, text
                    text += p
            session = c.session
            assert c.session_reused == (i > 0), (top, i)
            assert c.unwrap() is not None, 'close_notify must be answered'
print('ok')
`

// dialogue talks to a program: it waits for a text in what comes, and says the next thing.
type dialogue struct {
	t    *testing.T
	in   io.WriteCloser
	mu   sync.Mutex
	got  bytes.Buffer
	from int // what was waited for lies before that
}

func (d *dialogue) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.got.Write(p)
}

func (d *dialogue) expect(text string) {
	d.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		d.mu.Lock()
		at := bytes.Index(d.got.Bytes()[d.from:], []byte(text))
		if at >= 0 {
			d.from += at + len(text)
			d.mu.Unlock()
			return
		}
		all := d.got.String()
		d.mu.Unlock()
		if time.Now().After(end) {
			d.t.Fatalf("waited in vain for %q; all there is:\n%.4000s", text, all)
		}
	}
}

func (d *dialogue) say(text string) {
	d.t.Helper()
	if _, err := io.WriteString(d.in, text); err != nil {
		d.t.Fatal(err)
	}
}

// converse starts a program for a dialogue.
func converse(t *testing.T, name string, args []string) *dialogue {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	d := &dialogue{t: t}
	cmd.Stdout, cmd.Stderr = d, d
	cmd.WaitDelay = 5 * time.Second
	if d.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return d
}

const getHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

// Keys are updated at the peer's wish, in both directions, any number of times.
func TestTLSKeyUpdates(t *testing.T) {
	t.Parallel()
	files := newTLSFiles(t)
	for _, suite := range []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"} {
		t.Run("openssl "+suite, func(t *testing.T) {
			t.Parallel()
			eachWay(t, serveClients, nil, func(t *testing.T, addr, _ string) {
				d := converse(t, "openssl", files.fill([]string{"s_client", "-connect", "ADDR", "-CAfile", "CA.PEM", "-verify_return_error", "-tls1_3", "-ciphersuites", suite}, addr))
				d.expect("Verify return code: 0")
				for _, key := range []string{"K", "k", "K", "K", "k"} {
					d.say(getHello)
					d.expect("hello /hello")
					d.say(key + "\n")
					d.expect("KEYUPDATE")
				}
				d.say(getWho)
				d.expect("Connection: close")
			})
		})
	}
	t.Run("gnutls", func(t *testing.T) {
		t.Parallel()
		eachWay(t, serveClients, nil, func(t *testing.T, addr, _ string) {
			d := converse(t, "gnutls-cli", files.fill([]string{"--x509cafile=CA.PEM", "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3", "--inline-commands", "-p", "PORT", "127.0.0.1"}, addr))
			d.expect("Simple Client Mode")
			for range 3 {
				d.say(getHello)
				d.expect("hello /hello")
				d.say("^rekey^\n")
				d.expect("Rekey was completed")
			}
			d.say(getHello)
			d.expect("hello /hello")
		})
	})
}

// OpenSSL resumes with a ticket of ours; early data is not taken, and does no harm.
func TestTLSResumption(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	files := newTLSFiles(t)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		t.Run(version, func(t *testing.T) {
			eachWay(t, whoTLS, nil, func(t *testing.T, addr, way string) {
				session := filepath.Join(t.TempDir(), "session")
				base := []string{"s_client", "-connect", "ADDR", "-CAfile", "CA.PEM", "-servername", "localhost", version, "-ign_eof"}
				first := program{in: getWho, want: []string{"resumed=false"}}
				first.run(t, openssl, files.fill(append(base, "-sess_out", session), addr))
				again := program{in: getWho, want: []string{"resumed=true", "Reused, TLSv1"}}
				again.run(t, openssl, files.fill(append(base, "-sess_in", session), addr))
				if version == "-tls1_3" {
					early := filepath.Join(t.TempDir(), "early")
					if err := os.WriteFile(early, []byte("GET /early HTTP/1.1\r\n\r\n"), 0o600); err != nil {
						t.Fatal(err)
					}
					polite := program{in: getWho, want: []string{"resumed=true"}, not: []string{"/early", "Early data was accepted"}}
					polite.run(t, openssl, files.fill(append(base, "-sess_in", session, "-early_data", early), addr))
				}
			})
		})
	}
	t.Run("-reconnect", func(t *testing.T) {
		eachWay(t, whoTLS, nil, func(t *testing.T, addr, _ string) {
			p := program{in: getWho, want: []string{`(?:Reused, TLSv1.2(?s:.*?)){5}`}}
			p.run(t, openssl, files.fill([]string{"s_client", "-connect", "ADDR", "-CAfile", "CA.PEM", "-tls1_2", "-reconnect", "-ign_eof"}, addr))
		})
	})
}

// testssl.sh finds nothing above LOW. RINGWIRE_TESTSSL=all has it look for everything that it knows
// of but the certificate, which is of the tests: some minutes.
func TestTLSTestssl(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("testssl")
	if err != nil {
		if path, err = exec.LookPath("testssl.sh"); err != nil {
			t.Skip("testssl.sh is not installed")
		}
	}
	if testing.Short() || os.Getenv("RINGWIRE_TEST_DRIVER")+os.Getenv("RINGWIRE_TEST_POOLING") != "" {
		t.Skip("testssl.sh takes a minute, and has seen it without these settings")
	}
	s := start(t, DriverAuto, hello, withTLS)
	file := filepath.Join(t.TempDir(), "found.json")
	cmd := exec.CommandContext(t.Context(), path, "--warnings", "off", "--color", "0", "--ip", "127.0.0.1", "--sneaky", "--openssl-timeout", "10", "--connect-timeout", "10",
		"--jsonfile", file)
	if os.Getenv("RINGWIRE_TESTSSL") == "all" {
		cmd.Args = append(cmd.Args, "-p", "-s", "-f", "-U", s.addr)
	} else {
		cmd.Args = append(cmd.Args, "-p", "-H", "-I", "-T", "-R", "-C", "-Z", s.addr)
	}
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	text, readErr := os.ReadFile(file)
	var found []struct{ ID, Severity, Finding string }
	if readErr != nil || json.Unmarshal(text, &found) != nil || len(found) < 10 {
		t.Fatalf("%v, %v, %d findings\n%.3000s", err, readErr, len(found), out)
	}
	for _, f := range found {
		if f.ID == "engine_problem" {
			continue // its own
		}
		switch f.Severity {
		case "OK", "INFO", "LOW", "DEBUG":
		default:
			t.Errorf("%s: %s: %s", f.Severity, f.ID, f.Finding)
		}
	}
	t.Logf("%d findings", len(found))
}
