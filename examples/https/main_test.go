package main

import (
	"bufio"
	"bytes"
	"context"
	stdtls "crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/tls/certs"
)

// The tests run the program itself: this test binary, started with asMain set, is main.
const asMain = "RINGWIRE_HTTPS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func drivers() []string {
	if forced := os.Getenv("RINGWIRE_TEST_DRIVER"); forced != "" {
		return []string{forced}
	}
	if ring.Available() != nil {
		return []string{"netpoll"}
	}
	return []string{"uring", "netpoll"}
}

// program is a running https.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   *bufio.Reader
	errs  *bytes.Buffer
	addr  string // of HTTPS
	plain string // of HTTP
}

var announcement = regexp.MustCompile(`^serving https://(\S+) with (\w+): .+\n$`)

func run(t *testing.T, driver string, args ...string) *program {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	p := &program{t: t, errs: new(bytes.Buffer), plain: freeAddr(t)}
	p.cmd = exec.CommandContext(ctx, self, append([]string{"-addr", "127.0.0.1:0", "-redirect", p.plain, "-driver", driver}, args...)...)
	p.cmd.Env = append(os.Environ(), asMain+"=1")
	p.cmd.Stderr = p.errs
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	p.out = bufio.NewReader(stdout)
	line, err := p.out.ReadString('\n')
	m := announcement.FindStringSubmatch(line)
	if m == nil || m[2] != driver {
		_ = p.cmd.Wait()
		t.Fatalf("announced %q (%v), want address and driver; it said:\n%s", line, err, p.errs)
	}
	p.addr = m[1]
	return p
}

func freeAddr(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// get makes a request on a connection of its own, and returns what the server's certificate is.
func (p *program) get(url string) (*http.Response, string, *x509.Certificate) {
	p.t.Helper()
	c := http.Client{Timeout: 10 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &stdtls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var res *http.Response
	var err error
	for range 50 { // the listener for HTTP comes a little later than the other
		if res, err = c.Get(url); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if res.TLS == nil {
		return res, string(body), nil
	}
	return res, string(body), res.TLS.PeerCertificates[0]
}

// end interrupts it and waits.
func (p *program) end() {
	p.t.Helper()
	if runtime.GOOS == "windows" {
		return // no signal that could be sent
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("after ^C: %v\n%s", err, p.errs)
	}
}

func TestServes(t *testing.T) {
	for _, driver := range drivers() {
		t.Run(driver, func(t *testing.T) {
			p := run(t, driver)
			res, body, cert := p.get("https://" + p.addr + "/")
			if res.StatusCode != 200 || body != "Hello from ringwire\n" || !certs.IsDevelopment(cert) {
				t.Errorf("%d %q, certificate of %v", res.StatusCode, body, cert.Subject)
			}
			res, _, _ = p.get("http://" + p.plain + "/a%20b?c=d")
			if want := "https://" + p.addr + "/a%20b?c=d"; res.StatusCode != 308 || res.Header.Get("Location") != want {
				t.Errorf("redirected by %d to %q, want 308 to %q", res.StatusCode, res.Header.Get("Location"), want)
			}
			p.end()
		})
	}
}

// A renewed certificate is served after SIGHUP; a broken one is refused, and the old one stays.
func TestReload(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGHUP")
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	renew := func(name string) {
		cert, err := certs.Development(1, name)
		for _, old := range []string{certFile, keyFile} { // which WritePair leaves alone
			_ = os.Remove(old)
		}
		if err == nil {
			err = certs.WritePair(cert, certFile, keyFile)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	renew("first.test")
	p := run(t, drivers()[0], "-cert", certFile, "-key", keyFile)
	served := func() string {
		_, _, cert := p.get("https://" + p.addr + "/")
		return strings.Join(cert.DNSNames, " ")
	}
	if got := served(); got != "first.test" {
		t.Errorf("at first the certificate is for %q", got)
	}
	renew("second.test")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if line, err := p.out.ReadString('\n'); line != "reloaded\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	if got := served(); got != "second.test" {
		t.Errorf("after SIGHUP the certificate is for %q", got)
	}
	if err := os.WriteFile(certFile, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if got := served(); got != "second.test" {
		t.Errorf("after a broken file the certificate is for %q", got)
	}
	p.end()
	if !strings.Contains(p.errs.String(), "cert.pem") {
		t.Errorf("the log does not name the broken file: %s", p.errs)
	}
}
