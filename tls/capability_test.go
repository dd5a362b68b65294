package tls

import (
	stdtls "crypto/tls"
	"testing"
)

func TestCapabilityNames(t *testing.T) {
	for c, want := range map[Capability]string{
		CanECHServer:                                   "ECH as server",
		GroupCapability(stdtls.X25519MLKEM768):         "group X25519MLKEM768",
		GroupCapability(4589):                          "group SecP384r1MLKEM1024",
		GroupCapability(stdtls.CurveP521):              "group P-521",
		SchemeCapability(stdtls.Ed25519):               "signature scheme Ed25519",
		SchemeCapability(0x0905):                       "signature scheme MLDSA65",
		SuiteCapability(stdtls.TLS_AES_128_GCM_SHA256): "cipher suite TLS_AES_128_GCM_SHA256",
		KeyExchangeCapability(stdtls.X25519):           "own key exchange X25519",
		numFeatures:                                    "capability 14",
	} {
		if got := c.String(); got != want {
			t.Errorf("capability %#x is called %q, want %q", uint32(c), got, want)
		}
	}
	for c := range numFeatures {
		if featureNames[c].text == "" || featureNames[c].key == "" {
			t.Errorf("capability %d has no name", c)
		}
	}
}
