package main

import (
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"slices"
	"strconv"

	"github.com/ringwire/ringwire/tls"
)

// unimplemented is the status by which the suite is told that a test asks for something
// that is not there.
const unimplemented = 89

// flags is what the suite asks for.
type flags struct {
	port, hostName, keyFile, certFile, trustFile string
	shimID                                       uint64
	server, ipv6, handshaker, writesFirst        bool
	resumptions, minVersion, maxVersion          int
	no12, no13                                   bool
	anyClientCert, verifyPeer                    bool
	staple                                       blob
	signingPrefs, curves                         numbers

	advertise, selectALPN      string
	rejectALPN, declineALPN    bool
	echList, resumeECH         blob
	echConfigs, echKeys, echRe words

	wantVersion, wantCurve               int
	wantALPN, wantAdvertised, wantName   string
	wantECH, wantInitialECH              bool
	wantResumeECH, wantNoRetry, wantMiss bool
	wantRetry                            blob
	wantPeerPrefs                        numbers
	std                                  *stdtls.Config
}

func parse(args []string) *flags {
	f := new(flags)
	set := flag.NewFlagSet("bogo", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for name, p := range map[string]*string{
		"port": &f.port, "host-name": &f.hostName, "key-file": &f.keyFile, "cert-file": &f.certFile, "trust-cert": &f.trustFile,
		"advertise-alpn": &f.advertise, "select-alpn": &f.selectALPN, "expect-alpn": &f.wantALPN,
		"expect-advertised-alpn": &f.wantAdvertised, "expect-server-name": &f.wantName,
	} {
		set.StringVar(p, name, "", "")
	}
	for name, p := range map[string]*bool{
		"server": &f.server, "ipv6": &f.ipv6, "is-handshaker-supported": &f.handshaker, "shim-writes-first": &f.writesFirst,
		"no-tls12": &f.no12, "no-tls13": &f.no13, "require-any-client-certificate": &f.anyClientCert, "verify-peer": &f.verifyPeer,
		"reject-alpn": &f.rejectALPN, "decline-alpn": &f.declineALPN, "expect-ech-accept": &f.wantECH,
		"on-initial-expect-ech-accept": &f.wantInitialECH, "on-resume-expect-ech-accept": &f.wantResumeECH,
		"expect-no-ech-retry-configs": &f.wantNoRetry, "expect-session-miss": &f.wantMiss,
	} {
		set.BoolVar(p, name, false, "")
	}
	set.Uint64Var(&f.shimID, "shim-id", 0, "")
	set.IntVar(&f.resumptions, "resume-count", 0, "")
	set.IntVar(&f.minVersion, "min-version", stdtls.VersionTLS12, "")
	set.IntVar(&f.maxVersion, "max-version", stdtls.VersionTLS13, "")
	set.IntVar(&f.wantVersion, "expect-version", 0, "")
	set.IntVar(&f.wantCurve, "expect-curve-id", 0, "")
	for name, v := range map[string]flag.Value{
		"ocsp-response": &f.staple, "signing-prefs": &f.signingPrefs, "curves": &f.curves, "ech-config-list": &f.echList,
		"on-resume-ech-config-list": &f.resumeECH, "ech-server-config": &f.echConfigs, "ech-server-key": &f.echKeys,
		"ech-is-retry-config": &f.echRe, "expect-ech-retry-configs": &f.wantRetry, "expect-peer-verify-pref": &f.wantPeerPrefs,
	} {
		set.Var(v, name, "")
	}
	for _, name := range ignored {
		set.BoolFunc(name, "", func(string) error { return nil })
	}
	for _, name := range ignoredValues {
		set.Func(name, "", func(string) error { return nil })
	}
	if err := set.Parse(args); err != nil || f.maxVersion < stdtls.VersionTLS12 || f.no12 && f.no13 {
		os.Exit(unimplemented)
	}
	return f
}

// What crypto/tls cannot be asked for, or has no other way of doing.
var (
	ignored = []string{"no-tls1", "no-tls11", "expect-hrr", "expect-no-hrr", "expect-no-ech-name-override", "reverify-on-resume",
		"on-resume-expect-reject-early-data", "on-resume-expect-no-ech-name-override", "enable-early-data",
		"on-resume-expect-accept-early-data", "expect-ticket-supports-early-data", "on-resume-shim-writes-first",
		"use-custom-verify-callback"}
	ignoredValues = []string{"expect-ech-name-override", "expect-peer-signature-algorithm"}
)

func (f *flags) role() tls.Role {
	if f.server {
		return tls.Server
	}
	return tls.Client
}

func (f *flags) host() string {
	if f.ipv6 {
		return "::1"
	}
	return "127.0.0.1"
}

// config is what crypto/tls is told.
func (f *flags) config() *stdtls.Config {
	c := &stdtls.Config{
		ServerName:                     "test",
		MinVersion:                     uint16(max(f.minVersion, stdtls.VersionTLS12)),
		MaxVersion:                     uint16(f.maxVersion),
		ClientSessionCache:             stdtls.NewLRUClientSessionCache(0),
		GetConfigForClient:             f.checkHello,
		EncryptedClientHelloConfigList: f.echList,
	}
	f.std = c
	for _, s := range append(stdtls.CipherSuites(), stdtls.InsecureCipherSuites()...) {
		c.CipherSuites = append(c.CipherSuites, s.ID)
	}
	if f.no12 || len(f.echList) > 0 {
		c.MinVersion = stdtls.VersionTLS13
	}
	if f.no13 {
		c.MaxVersion = stdtls.VersionTLS12
	}
	if f.hostName != "" {
		c.ServerName = f.hostName
	}
	for _, id := range f.curves {
		c.CurvePreferences = append(c.CurvePreferences, stdtls.CurveID(id))
	}
	if f.anyClientCert {
		c.ClientAuth = stdtls.RequireAnyClientCert
	}
	if f.verifyPeer {
		c.ClientAuth = stdtls.VerifyClientCertIfGiven
	}
	f.protocols(c)
	f.certificates(c)
	f.echServer(c)
	return c
}

func (f *flags) protocols(c *stdtls.Config) {
	c.NextProtos = lengthPrefixed(f.advertise)
	switch {
	case f.rejectALPN:
		c.NextProtos = []string{"unnegotiableprotocol"}
	case f.declineALPN:
		c.NextProtos = nil
	case f.selectALPN != "":
		c.NextProtos = []string{f.selectALPN}
	}
}

func lengthPrefixed(s string) (all []string) {
	for len(s) > 0 {
		n := 1 + int(s[0])
		all = append(all, s[1:n])
		s = s[n:]
	}
	return all
}

func (f *flags) certificates(c *stdtls.Config) {
	if f.keyFile != "" || f.certFile != "" {
		cert, err := stdtls.LoadX509KeyPair(f.certFile, f.keyFile)
		if err != nil {
			log.Fatal(err)
		}
		for _, id := range f.signingPrefs {
			cert.SupportedSignatureAlgorithms = append(cert.SupportedSignatureAlgorithms, stdtls.SignatureScheme(id))
		}
		cert.OCSPStaple = f.staple
		// By callback, so that it is used even where it does not fit, as the suite wants it.
		c.GetCertificate = func(hello *stdtls.ClientHelloInfo) (*stdtls.Certificate, error) {
			return &cert, f.checkPrefs(hello.SignatureSchemes)
		}
		c.GetClientCertificate = func(info *stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) {
			return &cert, f.checkPrefs(info.SignatureSchemes)
		}
	}
	if f.trustFile != "" {
		pem, err := os.ReadFile(f.trustFile)
		c.RootCAs = x509.NewCertPool()
		if err != nil || !c.RootCAs.AppendCertsFromPEM(pem) {
			log.Fatal("trust-cert: ", err)
		}
	}
}

func (f *flags) echServer(c *stdtls.Config) {
	for i, config := range f.echConfigs {
		key := stdtls.EncryptedClientHelloKey{SendAsRetry: f.echRe[i] == "1"}
		var err1, err2 error
		key.Config, err1 = base64.StdEncoding.DecodeString(config)
		key.PrivateKey, err2 = base64.StdEncoding.DecodeString(f.echKeys[i])
		if err := errors.Join(err1, err2); err != nil {
			log.Fatal(err)
		}
		c.EncryptedClientHelloKeys = append(c.EncryptedClientHelloKeys, key)
	}
}

func (f *flags) checkHello(hello *stdtls.ClientHelloInfo) (*stdtls.Config, error) {
	if f.wantAdvertised != "" && !slices.Equal(hello.SupportedProtos, lengthPrefixed(f.wantAdvertised)) {
		return nil, errors.New("unexpected ALPN in the hello")
	}
	return nil, nil
}

func (f *flags) checkPrefs(got []stdtls.SignatureScheme) error {
	for i, want := range f.wantPeerPrefs {
		if len(got) != len(f.wantPeerPrefs) || got[i] != stdtls.SignatureScheme(want) {
			return errors.New("unexpected signature algorithms")
		}
	}
	return nil
}

// blob is a flag in base64, numbers and words are flags that are repeated.
type (
	blob    []byte
	numbers []int
	words   []string
)

func (b *blob) String() string    { return "" }
func (n *numbers) String() string { return "" }
func (w *words) String() string   { return "" }

func (b *blob) Set(s string) (err error) {
	*b, err = base64.StdEncoding.DecodeString(s)
	return err
}

func (n *numbers) Set(s string) error {
	v, err := strconv.Atoi(s)
	*n = append(*n, v)
	return err
}

func (w *words) Set(s string) error {
	*w = append(*w, s)
	return nil
}
