package tls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	stdtls "crypto/tls"
	"crypto/x509"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sys/cpu"

	"github.com/ringwire/ringwire/tls/keyexchange"
)

// Probe says what this machine and this Go runtime have, and of what they have not, why:
// what crypto/tls offers and accepts in this process, under its GODEBUG settings and in its
// FIPS 140 mode; what the kernel does; who computes key exchanges. It is found out by trying
// where that is possible, once per process: some milliseconds, in which two sockets are open on
// the loopback address. System roots, which may take a tenth of a second to read, and key
// exchanges are tried when somebody asks for them.
func Probe() Capabilities { return probed() }

var probed = sync.OnceValue(probe)

func probe() Capabilities {
	var p prober
	p.versionsAndNumbers()
	p.ech()
	p.later(CanSystemRoots, systemRoots)
	p.planes()
	p.kernel()
	p.processor()
	p.fips()
	p.exchanges()
	return Capabilities(p)
}

// prober collects.
type prober struct{ list []lazyFinding }

func (p *prober) has(c Capability, how string)   { p.found(c, probeVerdict{true, how}) }
func (p *prober) lacks(c Capability, why string) { p.found(c, probeVerdict{false, why}) }
func (p *prober) later(c Capability, ask func() probeVerdict) {
	p.list = append(p.list, lazyFinding{Finding{Capability: c}, ask})
}

func (p *prober) found(c Capability, v probeVerdict) {
	p.list = append(p.list, lazyFinding{Finding: Finding{c, v.has, v.why}})
}

// What is asked for by name in configurations and that Go may not have.
var (
	wantedGroups = []stdtls.CurveID{stdtls.X25519MLKEM768, groupSecP256r1MLKEM768, groupSecP384r1MLKEM1024,
		stdtls.X25519, stdtls.CurveP256, stdtls.CurveP384, stdtls.CurveP521, groupX448}
	wantedSchemes = []stdtls.SignatureScheme{schemeEd448, schemeMLDSA44, schemeMLDSA65, schemeMLDSA87}
)

// versionsAndNumbers are what a client of crypto/tls offers when it is asked for everything.
func (p *prober) versionsAndNumbers() {
	offer, err := probeOffer()
	why := "crypto/tls of " + runtime.Version() + " does not offer it in this process"
	if err != nil {
		why = "crypto/tls of " + runtime.Version() + " makes no ClientHello: " + err.Error()
		offer = &stdtls.ClientHelloInfo{}
	}
	versions := probeNumbers[uint16]{offered: offer.SupportedVersions, why: why}
	versions.add(p, CanTLS12, stdtls.VersionTLS12)
	versions.add(p, CanTLS13, stdtls.VersionTLS13)
	probeNumbers[stdtls.CurveID]{offer.SupportedCurves, wantedGroups, why, groupRemedy}.addAll(p, kindGroup)
	probeNumbers[stdtls.SignatureScheme]{offer.SignatureSchemes, wantedSchemes, why, nil}.addAll(p, kindScheme)
	probeNumbers[uint16]{offer.CipherSuites, probeSuites(), why, probeInsecure}.addAll(p, kindSuite)
}

// probeNumbers are TLS numbers of one kind.
type probeNumbers[T ~uint16] struct {
	offered, wanted []T
	why             string                      // the rest of wanted is absent
	more            func(id T, has bool) string // to say of one
}

// addAll adds what is offered, in that order, and what of wanted is not.
func (n probeNumbers[T]) addAll(p *prober, kind Capability) {
	for _, id := range n.offered {
		// A list of suites also holds a signal, which is none of them (RFC 5746 §3.3).
		if kind != kindSuite || slices.Contains(n.wanted, id) {
			n.add(p, kind|Capability(id), id)
		}
	}
	for _, id := range n.wanted {
		if !slices.Contains(n.offered, id) {
			n.add(p, kind|Capability(id), id)
		}
	}
}

func (n probeNumbers[T]) add(p *prober, c Capability, id T) {
	v := probeVerdict{has: slices.Contains(n.offered, id)}
	if n.more != nil {
		v.why = n.more(id, v.has)
	}
	if !v.has {
		v.why = n.why + v.why
	}
	p.found(c, v)
}

// probeInsecure says what crypto/tls offers only if it is named in its Config.
func probeInsecure(id uint16, has bool) string {
	if has && slices.ContainsFunc(stdtls.InsecureCipherSuites(), func(s *stdtls.CipherSuite) bool { return s.ID == id }) {
		return "insecure: to be had only by name"
	}
	return ""
}

// groupRemedy says what may have turned off a group that newer versions have by default.
func groupRemedy(g stdtls.CurveID, has bool) string {
	if has {
		return ""
	}
	switch g {
	case stdtls.X25519MLKEM768:
		return ": see GODEBUG tlsmlkem"
	case groupSecP256r1MLKEM768, groupSecP384r1MLKEM1024:
		return ": it needs Go 1.26 and GODEBUG tlssecpmlkem=1, the default if the main module's go line is 1.26 or newer"
	}
	return ""
}

// probeSuites are the numbers of all suites that crypto/tls implements.
func probeSuites() []uint16 {
	var ids []uint16
	for _, s := range append(stdtls.CipherSuites(), stdtls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// ech offers an inner ClientHello and looks whether the server sees it.
func (p *prober) ech() {
	client, server := tryECH()
	p.found(CanECHClient, probeVerdict{client == "", client})
	p.found(CanECHServer, probeVerdict{server == "", server})
}

var systemRoots = sync.OnceValue(func() probeVerdict {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return probeVerdict{false, err.Error()}
	}
	if pool.Equal(x509.NewCertPool()) {
		return probeVerdict{false, "the system has no certificates where Go looks for them: install them " +
			"(package ca-certificates), or set SSL_CERT_FILE or SSL_CERT_DIR"}
	}
	return probeVerdict{true, ""}
})

// planes are who can protect records.
func (p *prober) planes() {
	if canSeal() {
		p.has(CanRecordInPlace, "")
	} else {
		p.lacks(CanRecordInPlace, "FIPS 140 is enforced: only crypto/tls may use the ciphers")
	}
	p.has(CanRecordStream, "")
	p.lacks(CanRecordKernel, "not implemented yet")
}

// kernel reports kTLS: what kTLS finds out on this system.
func (p *prober) kernel() {
	tx, rx, rekey := kTLS()
	p.found(CanKernelTX, tx)
	p.found(CanKernelRX, rx)
	p.found(CanKernelRekey, rekey)
}

// processor asks for what Go's AES-GCM is written for.
func (p *prober) processor() {
	switch runtime.GOARCH {
	case "amd64":
		x := &cpu.X86
		p.instructions(x.HasAES && x.HasPCLMULQDQ && x.HasSSE41 && x.HasSSSE3, "AES-NI, PCLMULQDQ, SSSE3 and SSE4.1")
	case "arm64":
		p.instructions(cpu.ARM64.HasAES && cpu.ARM64.HasPMULL, "AES and PMULL")
	case "s390x":
		p.instructions(cpu.S390X.HasAES && cpu.S390X.HasAESCTR && cpu.S390X.HasGHASH, "AES, AES-CTR and GHASH")
	case "ppc64", "ppc64le":
		p.has(HasAES, "every POWER8 and newer has them")
	default:
		p.lacks(HasAES, "Go's AES-GCM has no assembly for "+runtime.GOARCH+": ChaCha20-Poly1305 is faster")
	}
}

func (p *prober) instructions(has bool, which string) {
	if has {
		p.has(HasAES, which)
	} else {
		p.lacks(HasAES, "the processor has not "+which+": ChaCha20-Poly1305 is faster")
	}
}

// fips asks for the mode, and tries for the strict one: Go 1.25 has no question for that.
func (p *prober) fips() {
	if !fips140.Enabled() {
		p.lacks(InFIPSMode, "GODEBUG=fips140 is off, and the program was not built with GOFIPS140")
		p.lacks(InFIPSOnlyMode, "FIPS 140 mode is off")
		return
	}
	p.has(InFIPSMode, "")
	block, err := aes.NewCipher(make([]byte, 16))
	if err == nil {
		_, err = cipher.NewGCM(block)
	}
	if err != nil {
		p.has(InFIPSOnlyMode, err.Error())
	} else {
		p.lacks(InFIPSOnlyMode, "GODEBUG=fips140 is on, not only")
	}
}

// exchanges says who computes each group for an engine of our own.
func (p *prober) exchanges() {
	for _, g := range []keyexchange.Group{keyexchange.X25519MLKEM768, keyexchange.SecP256r1MLKEM768,
		keyexchange.SecP384r1MLKEM1024, keyexchange.X25519, keyexchange.P256, keyexchange.P384} {
		p.later(KeyExchangeCapability(stdtls.CurveID(g)), func() probeVerdict {
			provider, why := keyexchange.ProviderOf(g) // which remembers it
			if provider == "" {
				return probeVerdict{false, why}
			}
			return probeVerdict{true, provider + ": " + why}
		})
	}
}
