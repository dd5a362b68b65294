package certs

import (
	"context"
	"crypto"
	"crypto/fips140"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// responder answers for an authority, well or badly.
type responder struct {
	*httptest.Server
	ca     *authority
	asked  atomic.Int64
	method atomic.Value // of the last request
	answer func(w http.ResponseWriter, req *ocsp.Request)
}

func newResponder(t testing.TB, ca *authority) *responder {
	r := &responder{ca: ca}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.asked.Add(1)
		body, err := io.ReadAll(req.Body)
		if r.method.Store(req.Method); req.Method == http.MethodGet {
			var path string
			if path, err = url.PathUnescape(strings.TrimPrefix(req.URL.EscapedPath(), "/")); err == nil {
				body, err = base64.StdEncoding.DecodeString(path)
			}
		}
		question, parseErr := ocsp.ParseRequest(body)
		if err != nil || parseErr != nil {
			t.Errorf("the request %s %s cannot be read: %v, %v", req.Method, req.URL, err, parseErr)
			return
		}
		r.answer(w, question)
	}))
	t.Cleanup(r.Close)
	r.answer = r.says(nil)
	return r
}

// says answers "good", from a minute ago for two hours, or what change makes of it.
func (r *responder) says(change func(*ocsp.Response)) func(http.ResponseWriter, *ocsp.Request) {
	return r.signed(r.ca.cert, nil, r.ca.key, change)
}

// signed answers in the name of another.
func (r *responder) signed(by, embedded *x509.Certificate, key crypto.Signer, change func(*ocsp.Response)) func(http.ResponseWriter, *ocsp.Request) {
	return func(w http.ResponseWriter, req *ocsp.Request) {
		template := ocsp.Response{Status: ocsp.Good, SerialNumber: req.SerialNumber, Certificate: embedded,
			ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(119 * time.Minute)}
		if change != nil {
			change(&template)
		}
		if fips140.Enabled() {
			template.IssuerHash = crypto.SHA256 // FIPS-only mode has no SHA-1
		}
		responderCert := by
		if embedded != nil {
			responderCert = embedded
		}
		der, err := ocsp.CreateResponse(r.ca.cert, responderCert, template, key)
		if err != nil {
			panic(err)
		}
		_, _ = w.Write(der)
	}
}

func (r *responder) issue(change ...func(*x509.Certificate)) stdtls.Certificate {
	return r.ca.issue("ecdsa", []string{"a.example"}, append(change, func(c *x509.Certificate) { c.OCSPServer = []string{"ldap://x", r.URL} })...)
}

// bench is a stapler that is driven by hand.
type bench struct {
	*stapler
	t   testing.TB
	log *journal
	at  time.Time
}

func newBench(t testing.TB, cfg OCSP, certs ...stdtls.Certificate) *bench {
	b := &bench{t: t, log: new(journal), at: time.Now()}
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := newSet(t, Config{Sources: ready(certs...), Logger: b.log.logger(), now: func() time.Time { return b.at }})
	s.cfg.OCSP = &cfg
	b.stapler = newStapler(s)
	return b
}

func (b *bench) expectStaple(want bool, why string) {
	b.t.Helper()
	cert, err := b.set.GetCertificate(hello("a.example"))
	if err != nil || (len(cert.OCSPStaple) > 0) != want {
		b.t.Errorf("there is a staple: %v, want %v: %s\n%s", !want, want, why, b.log)
	}
}

func TestStaples(t *testing.T) {
	ca := newAuthority(t)
	r := newResponder(t, ca)
	b := newBench(t, OCSP{}, r.issue())
	next := b.round(context.Background())
	b.expectStaple(true, "the response is good")
	if wait := next.Sub(b.at); wait < 58*time.Minute || wait > 60*time.Minute {
		t.Errorf("the next request in %v, want half of the validity", wait)
	}
	if b.set.Stats().Stapled != 1 {
		t.Error("it is not counted")
	}
	b.round(context.Background())
	if n := r.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once until half of the validity is over", n)
	}
	b.at = b.at.Add(time.Hour)
	b.round(context.Background())
	if n := r.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want again", n)
	}
	// The responder is gone: the staple stays until it expires, then there is none.
	r.answer = func(w http.ResponseWriter, _ *ocsp.Request) { w.WriteHeader(503) }
	b.at = b.at.Add(30 * time.Minute)
	b.round(context.Background())
	b.expectStaple(true, "it has not expired")
	b.at = b.at.Add(30 * time.Minute)
	b.round(context.Background())
	b.expectStaple(false, "it has expired")
	b.log.expect(t, "no OCSP staple fetched", 1)
	b.log.expect(t, "answers 503", 1)
	// And back.
	b.at = time.Now()
	b.set.names.Load().pairs[0].staple.due = b.at
	r.answer = r.says(nil)
	b.round(context.Background())
	b.expectStaple(true, "the responder is back")
	b.log.expect(t, "is there again", 1)
}

func TestBadResponses(t *testing.T) {
	ca, mallory := newAuthority(t), newAuthority(t)
	r := newResponder(t, ca)
	leaf := ca.issue("ecdsa", []string{"b.example"})
	delegate := func(change func(*x509.Certificate)) stdtls.Certificate {
		return ca.issue("ecdsa", nil, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
			if change != nil {
				change(c)
			}
		})
	}
	entrusted, outdated := delegate(nil), delegate(expiring(time.Now().Add(-time.Minute)))
	as := func(c stdtls.Certificate) func(http.ResponseWriter, *ocsp.Request) {
		return r.signed(ca.cert, c.Leaf, c.PrivateKey.(crypto.Signer), nil)
	}
	foreign := mallory.issue("ecdsa", nil, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} })
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *ocsp.Request)
		want   string // in the log; "" for a good one
	}{
		"entrusted":       {as(entrusted), ""},
		"GET":             {r.says(nil), ""},
		"expired":         {r.says(func(o *ocsp.Response) { o.NextUpdate = time.Now().Add(-time.Second) }), "has expired"},
		"future":          {r.says(func(o *ocsp.Response) { o.ThisUpdate = time.Now().Add(time.Hour) }), "of the future"},
		"no end":          {r.says(func(o *ocsp.Response) { o.NextUpdate = time.Time{} }), "how long it is valid"},
		"revoked":         {r.says(func(o *ocsp.Response) { o.Status, o.RevokedAt = ocsp.Revoked, time.Now() }), "is revoked"},
		"unknown":         {r.says(func(o *ocsp.Response) { o.Status = ocsp.Unknown }), "does not know"},
		"another's":       {r.says(func(o *ocsp.Response) { o.SerialNumber = leaf.Leaf.SerialNumber }), "no response matching"},
		"wrong signer":    {r.signed(mallory.cert, nil, mallory.key, nil), "bad OCSP signature"},
		"foreign":         {as(foreign), "bad OCSP signature"},
		"a leaf's":        {as(leaf), "not for OCSP"},
		"outdated signer": {as(outdated), "not valid now"},
		"garbage":         {func(w http.ResponseWriter, _ *ocsp.Request) { _, _ = io.WriteString(w, "<html>") }, "bad OCSP response"},
		"empty":           {func(http.ResponseWriter, *ocsp.Request) {}, "bad OCSP response"},
		"refusal":         {func(w http.ResponseWriter, _ *ocsp.Request) { _, _ = w.Write(ocsp.UnauthorizedErrorResponse) }, "unauthorized"},
		"status":          {func(w http.ResponseWriter, _ *ocsp.Request) { w.WriteHeader(404) }, "answers 404"},
		"huge":            {func(w http.ResponseWriter, _ *ocsp.Request) { _, _ = w.Write(make([]byte, maxResponse+1)) }, "larger than"},
	} {
		r.answer = c.answer
		b := newBench(t, OCSP{}, r.issue())
		b.round(context.Background())
		b.expectStaple(c.want == "", name)
		if c.want != "" {
			if b.log.count(c.want) != 1 {
				t.Errorf("%s: want %q in\n%s", name, c.want, b.log)
			}
		}
		if r.method.Load() != http.MethodGet {
			t.Errorf("%s: asked by %s, want GET, which caches know", name, r.method.Load())
		}
	}
}

func TestSlowResponder(t *testing.T) {
	r := newResponder(t, newAuthority(t))
	release := make(chan struct{})
	defer close(release)
	r.answer = func(http.ResponseWriter, *ocsp.Request) { <-release }
	b := newBench(t, OCSP{Timeout: 20 * time.Millisecond}, r.issue())
	b.round(context.Background())
	b.expectStaple(false, "the responder does not answer")
	b.log.expect(t, "deadline exceeded", 1)
	// Close does not wait for it either.
	s := newSet(t, Config{Sources: ready(r.issue()), OCSP: &OCSP{Timeout: -1}})
	for r.asked.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	s.Close()
}

func TestRedirectsAreBounded(t *testing.T) {
	hops := 0
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops++
		http.Redirect(w, r, "/x", http.StatusTemporaryRedirect)
	}))
	defer loop.Close()
	cert := newAuthority(t).issue("ecdsa", []string{"a.example"}, func(c *x509.Certificate) { c.OCSPServer = []string{loop.URL} })
	b := newBench(t, OCSP{}, cert)
	b.round(context.Background())
	b.log.expect(t, "more than 3 redirects", 1)
	if hops != 4 {
		t.Errorf("%d requests, want 4", hops)
	}
}

// What is known to be revoked is not covered up with an older staple that is still valid.
func TestRevokedLater(t *testing.T) {
	r := newResponder(t, newAuthority(t))
	b := newBench(t, OCSP{}, r.issue())
	b.round(context.Background())
	b.at = b.at.Add(time.Hour)
	r.answer = func(w http.ResponseWriter, _ *ocsp.Request) { w.WriteHeader(503) }
	b.round(context.Background())
	b.expectStaple(true, "a failure says nothing")
	b.at = b.at.Add(2 * time.Minute)
	r.answer = r.says(func(o *ocsp.Response) { o.Status, o.RevokedAt = ocsp.Revoked, time.Now() })
	b.round(context.Background())
	b.expectStaple(false, "it is revoked")
	b.log.expect(t, "no OCSP staple fetched", 2)
	b.log.expect(t, "is revoked", 1)
}

func TestRetriesBackOff(t *testing.T) {
	r := newResponder(t, newAuthority(t))
	r.answer = func(w http.ResponseWriter, _ *ocsp.Request) { w.WriteHeader(500) }
	b := newBench(t, OCSP{}, r.issue())
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		next := b.round(context.Background())
		if wait := next.Sub(b.at); wait != want*time.Minute {
			t.Errorf("the next attempt in %v, want %v", wait, want*time.Minute)
		}
		b.at = next
	}
	b.log.expect(t, "no OCSP staple fetched", 1)
}

func TestStapleCache(t *testing.T) {
	r := newResponder(t, newAuthority(t))
	dir, cert := t.TempDir(), r.issue()
	newBench(t, OCSP{CacheDir: dir}, cert).round(context.Background())
	r.answer = func(w http.ResponseWriter, _ *ocsp.Request) { w.WriteHeader(500) }
	again := newBench(t, OCSP{CacheDir: dir}, cert)
	again.round(context.Background())
	again.expectStaple(true, "the process before has left one")
	if n := r.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once: the cache is fresh", n)
	}
	late := newBench(t, OCSP{CacheDir: dir}, cert)
	late.at = late.at.Add(90 * time.Minute)
	late.round(context.Background())
	late.expectStaple(true, "it has not expired")
	if n := r.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want twice: the cache is older than half of the validity", n)
	}
	late.at = late.at.Add(time.Hour)
	late.round(context.Background())
	late.expectStaple(false, "it has expired")
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 1 {
		t.Fatalf("%q lie in the cache, want one file", files)
	}
	write(t, files[0], []byte("garbage"))
	bad := newBench(t, OCSP{CacheDir: dir}, cert)
	bad.round(context.Background())
	bad.expectStaple(false, "the cache is not believed")
	if _, err := (OCSP{CacheDir: filepath.Join(dir, "none")}).withDefaults(); err == nil {
		t.Error("a cache that is not there was taken")
	}
	if _, err := New(Config{Sources: ready(cert), OCSP: &OCSP{CacheDir: files[0]}}); err == nil {
		t.Error("a cache that is a file was taken")
	}
	// A cache that cannot be written is no reason to serve without.
	r.answer = r.says(nil)
	gone := newBench(t, OCSP{CacheDir: dir}, cert)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	gone.round(context.Background())
	gone.expectStaple(true, "it was fetched")
	gone.log.expect(t, "not stored", 1)
}

func TestWithoutResponder(t *testing.T) {
	ca := newAuthority(t)
	r := newResponder(t, ca)
	alone := r.issue()
	alone.Certificate = alone.Certificate[:1]
	wrong := r.issue()
	wrong.Certificate[1] = newAuthority(t).cert.Raw
	b := newBench(t, OCSP{}, alone, wrong, ca.issue("ecdsa", nil))
	b.round(context.Background())
	b.at = b.at.Add(100 * time.Hour)
	b.round(context.Background())
	b.log.expect(t, "the chain lacks the issuer", 1)
	b.log.expect(t, "is not the first one's issuer", 1)
	b.log.expect(t, "without OCSP staple", 2)
	if n := r.asked.Load(); n != 0 {
		t.Errorf("asked %d times, want never", n)
	}
}

func TestLongRequestsArePosted(t *testing.T) {
	r := newResponder(t, newAuthority(t))
	cert := r.ca.issue("ecdsa", []string{"a.example"}, func(c *x509.Certificate) { c.OCSPServer = []string{r.URL + "/" + strings.Repeat("x", 200)} })
	b := newBench(t, OCSP{}, cert)
	b.round(context.Background())
	b.expectStaple(true, "it was asked for by POST")
	if r.method.Load() != http.MethodPost {
		t.Errorf("asked by %s, want POST", r.method.Load())
	}
}

// All of it, as a client sees it; a reload keeps the staple of a certificate that stays, and fetches that
// of a new one.
func TestStapledHandshake(t *testing.T) {
	r := newResponder(t, newAuthority(t))
	src := pairIn(t.TempDir(), "a")
	cert := r.issue()
	writePair(t, src, cert)
	s := newSet(t, Config{Sources: []Source{src}, OCSP: new(OCSP)})
	stapled := func() {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); s.Stats().Stapled != 1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("there is no staple")
			}
		}
	}
	stapled()
	for _, version := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
		state, _, err, _ := handshake(t, &stdtls.Config{RootCAs: r.ca.pool(), ServerName: "a.example", MaxVersion: version}, &stdtls.Config{GetCertificate: s.GetCertificate})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := ocsp.ParseResponseForCert(state.OCSPResponse, cert.Leaf, r.ca.cert); err != nil || res.Status != ocsp.Good {
			t.Errorf("version %x: the client got %v, %v", version, res, err)
		}
	}
	if err := s.Reload(); err != nil || s.Stats().Stapled != 1 {
		t.Errorf("a reload of the same files ends with %v and drops the staple", err)
	}
	writePair(t, src, r.issue())
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	stapled()
}

// No response that is not of the authority is taken, whatever its bytes.
func FuzzResponse(f *testing.F) {
	ca := newAuthority(f)
	cert := ca.issue("ecdsa", []string{"a.example"}, func(c *x509.Certificate) { c.OCSPServer = []string{"http://x.example"} })
	sub, _, err := subjectOf(&cert)
	if err != nil {
		f.Fatal(err)
	}
	good, err := ocsp.CreateResponse(ca.cert, ca.cert, ocsp.Response{Status: ocsp.Good, IssuerHash: crypto.SHA256, SerialNumber: cert.Leaf.SerialNumber,
		ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}, ca.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint(0), byte(0))
	f.Fuzz(func(t *testing.T, at uint, flip byte) {
		bad := append([]byte(nil), good...)
		bad[at%uint(len(bad))] ^= flip
		res, err := sub.verify(bad, time.Now())
		if err == nil && (res.SerialNumber.Cmp(cert.Leaf.SerialNumber) != 0 || string(res.TBSResponseData) != string(mustParse(t, good).TBSResponseData)) {
			t.Error("a response that was tampered with is taken")
		}
	})
}

func mustParse(t *testing.T, der []byte) *ocsp.Response {
	res, err := ocsp.ParseResponse(der, nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}
