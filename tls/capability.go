package tls

import (
	stdtls "crypto/tls"
	"fmt"
)

// Capability is one thing that a machine, a Go runtime or a backend may have, and that a
// configuration may need: one of the constants, or what GroupCapability,
// SchemeCapability, SuiteCapability and KeyExchangeCapability name.
type Capability uint32

// What is had or not, whatever the peer says.
const (
	CanTLS12         Capability = iota // TLS 1.2
	CanTLS13                           // TLS 1.3
	CanECHClient                       // Encrypted Client Hello, offered (RFC 9849)
	CanECHServer                       // Encrypted Client Hello, accepted
	CanSystemRoots                     // the system's own certificate authorities
	CanRecordInPlace                   // records opened and sealed inside of the connection's buffers
	CanRecordStream                    // records by crypto/tls, which copies them
	CanRecordKernel                    // records by the kernel
	CanKernelTX                        // kTLS: the kernel seals
	CanKernelRX                        // kTLS: the kernel opens
	CanKernelRekey                     // kTLS: the keys can be replaced, as KeyUpdate asks for
	HasAES                             // instructions for AES-GCM; without them ChaCha20-Poly1305 is faster
	InFIPSMode                         // the FIPS 140-3 module is in use (GODEBUG=fips140=on)
	InFIPSOnlyMode                     // and what is not approved fails (GODEBUG=fips140=only)

	numFeatures
)

// The kinds of capabilities, in the upper half; the TLS number is the lower one.
const (
	kindFeature Capability = iota << 16
	kindGroup
	kindScheme
	kindSuite
	kindKeyExchange

	kindMask = 0xffff << 16
)

// featureNames are their names for people and for JSON.
var featureNames = [numFeatures]struct{ text, key string }{
	CanTLS12:         {"TLS 1.2", "tls12"},
	CanTLS13:         {"TLS 1.3", "tls13"},
	CanECHClient:     {"ECH as client", "ech_client"},
	CanECHServer:     {"ECH as server", "ech_server"},
	CanSystemRoots:   {"system roots", "system_roots"},
	CanRecordInPlace: {"records in place", "record_in_place"},
	CanRecordStream:  {"records by crypto/tls", "record_stream"},
	CanRecordKernel:  {"records by the kernel", "record_kernel"},
	CanKernelTX:      {"kTLS sending", "kernel_tx"},
	CanKernelRX:      {"kTLS receiving", "kernel_rx"},
	CanKernelRekey:   {"kTLS key update", "kernel_rekey"},
	HasAES:           {"AES instructions", "aes_hardware"},
	InFIPSMode:       {"FIPS 140 mode", "fips140"},
	InFIPSOnlyMode:   {"FIPS 140 only mode", "fips140_only"},
}

// GroupCapability is a key exchange group in handshakes.
func GroupCapability(g stdtls.CurveID) Capability { return kindGroup | Capability(g) }

// SchemeCapability is a signature scheme.
func SchemeCapability(s stdtls.SignatureScheme) Capability { return kindScheme | Capability(s) }

// SuiteCapability is a cipher suite, of TLS 1.3 or 1.2.
func SuiteCapability(id uint16) Capability { return kindSuite | Capability(id) }

// KeyExchangeCapability is a group that package keyexchange computes, for an engine of our own.
func KeyExchangeCapability(g stdtls.CurveID) Capability { return kindKeyExchange | Capability(g) }

// String is the capability as error texts name it, e.g. "group X25519MLKEM768" or "ECH as server".
func (c Capability) String() string {
	switch c & kindMask {
	case kindGroup:
		return "group " + c.name()
	case kindScheme:
		return "signature scheme " + c.name()
	case kindSuite:
		return "cipher suite " + c.name()
	case kindKeyExchange:
		return "own key exchange " + c.name()
	}
	return c.name()
}

// name is String without the kind.
func (c Capability) name() string {
	id := uint16(c)
	switch c & kindMask {
	case kindGroup, kindKeyExchange:
		return nameOfGroup(id)
	case kindScheme:
		return nameOfScheme(id)
	case kindSuite:
		return stdtls.CipherSuiteName(id)
	}
	if c < numFeatures {
		return featureNames[c].text
	}
	return fmt.Sprintf("capability %d", uint32(c))
}
