package tls

import (
	stdtls "crypto/tls"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What every Go that this is built with has, on every system, unless a mode forbids it.
var always = []Capability{CanTLS12, CanTLS13, CanECHClient, CanECHServer,
	GroupCapability(stdtls.X25519MLKEM768), GroupCapability(stdtls.X25519), GroupCapability(stdtls.CurveP256),
	SchemeCapability(stdtls.ECDSAWithP256AndSHA256), SchemeCapability(stdtls.PSSWithSHA256), SchemeCapability(stdtls.Ed25519),
	SuiteCapability(stdtls.TLS_AES_128_GCM_SHA256), SuiteCapability(stdtls.TLS_CHACHA20_POLY1305_SHA256),
	SuiteCapability(stdtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
	KeyExchangeCapability(stdtls.X25519MLKEM768), KeyExchangeCapability(stdtls.X25519), KeyExchangeCapability(stdtls.CurveP256)}

func TestProbe(t *testing.T) {
	if os.Getenv("GODEBUG") != "" {
		t.Skip("GODEBUG is set: what is to be had depends on it")
	}
	have := Probe()
	t.Logf("\n%v", have)
	if missing := have.Missing(always...); missing != nil {
		t.Errorf("missing:\n%s", strings.Join(missing, "\n"))
	}
	seen := map[Capability]bool{}
	for _, f := range have.Findings() {
		if seen[f.Capability] {
			t.Errorf("%v is there twice", f.Capability)
		}
		seen[f.Capability] = true
		if !f.Has && f.Why == "" {
			t.Errorf("%v is absent without a reason", f.Capability)
		}
	}
	for c := range numFeatures {
		if !seen[c] {
			t.Errorf("%v was not looked for", c)
		}
	}
}

// Go's own list, in Go's own order, and insecure suites as such.
func TestProbeSuites(t *testing.T) {
	have := Probe()
	for _, s := range stdtls.InsecureCipherSuites() {
		if c := SuiteCapability(s.ID); have.Has(c) && !strings.HasPrefix(have.Why(c), "insecure") {
			t.Errorf("%v is offered like any other: %q", c, have.Why(c))
		}
	}
	aes, chacha := -1, -1
	for i, f := range have.Findings() {
		switch f.Capability {
		case SuiteCapability(stdtls.TLS_AES_128_GCM_SHA256):
			aes = i
		case SuiteCapability(stdtls.TLS_CHACHA20_POLY1305_SHA256):
			chacha = i
		}
	}
	// crypto/tls asks the processor the same thing, and orders by the answer.
	if have.Has(HasAES) != (aes < chacha) {
		t.Errorf("AES instructions: %v, but crypto/tls has AES-GCM at %d and ChaCha20 at %d", have.Has(HasAES), aes, chacha)
	}
}

// Settings of a process show in what is probed, with the reason. Each case is a process.
func TestProbeSettings(t *testing.T) {
	if want := os.Getenv("TLS_PROBE_CHILD"); want != "" {
		have := Probe()
		t.Logf("\n%v", have)
		probeChildren[want].check(t, have)
		return
	}
	for name, child := range probeChildren {
		t.Run(name, func(t *testing.T) {
			if child.unixOnly && (runtime.GOOS == "windows" || runtime.GOOS == "darwin") {
				t.Skip("roots come from files elsewhere only")
			}
			if name == "fips140=on" && testing.Short() {
				t.Skip("the module's self-tests take ten seconds under the race detector")
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestProbeSettings$", "-test.v")
			cmd.Env = append(append(os.Environ(), "TLS_PROBE_CHILD="+name), child.env...)
			out, err := cmd.CombinedOutput()
			if strings.HasPrefix(name, "fips") && (strings.Contains(string(out), "purego") || strings.Contains(string(out), "not supported")) {
				t.Skipf("no FIPS 140 mode in this build: %s", out)
			}
			if err != nil || !strings.Contains(string(out), "--- PASS") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

var probeChildren = map[string]struct {
	env      []string
	unixOnly bool
	check    func(t *testing.T, have Capabilities)
}{
	"fips140=on": {[]string{"GODEBUG=fips140=on"}, false, func(t *testing.T, have Capabilities) {
		wantAll(t, have, InFIPSMode, CanTLS12, GroupCapability(stdtls.CurveP256), KeyExchangeCapability(stdtls.CurveP256))
		wantNone(t, have, InFIPSOnlyMode, SuiteCapability(stdtls.TLS_CHACHA20_POLY1305_SHA256))
		if why := have.Why(KeyExchangeCapability(stdtls.CurveP256)); !strings.HasPrefix(why, "crypto: FIPS 140") {
			t.Errorf("P-256 is computed by %q", why)
		}
	}},
	"fips140=only": {[]string{"GODEBUG=fips140=only"}, false, func(t *testing.T, have Capabilities) {
		wantAll(t, have, InFIPSMode, InFIPSOnlyMode)
		wantNone(t, have, CanECHClient, CanECHServer, GroupCapability(stdtls.X25519), KeyExchangeCapability(stdtls.X25519))
	}},
	"tlsmlkem=0": {[]string{"GODEBUG=tlsmlkem=0"}, false, func(t *testing.T, have Capabilities) {
		wantNone(t, have, GroupCapability(stdtls.X25519MLKEM768))
		wantAll(t, have, GroupCapability(stdtls.X25519), KeyExchangeCapability(stdtls.X25519MLKEM768))
		if why := have.Why(GroupCapability(stdtls.X25519MLKEM768)); !strings.HasSuffix(why, "see GODEBUG tlsmlkem") {
			t.Errorf("the reason names no remedy: %q", why)
		}
	}},
	"no roots": {[]string{"SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent"}, true, func(t *testing.T, have Capabilities) {
		wantNone(t, have, CanSystemRoots)
	}},
}

func wantAll(t *testing.T, have Capabilities, cs ...Capability) {
	t.Helper()
	if missing := have.Missing(cs...); missing != nil {
		t.Errorf("missing: %q", missing)
	}
}

func wantNone(t *testing.T, have Capabilities, cs ...Capability) {
	t.Helper()
	if have := slices.DeleteFunc(cs, func(c Capability) bool { return !have.Has(c) }); len(have) > 0 {
		t.Errorf("had: %v", have)
	}
}
