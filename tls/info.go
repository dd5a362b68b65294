package tls

import (
	stdtls "crypto/tls"
	"crypto/x509"
)

// Plane says who protects the records of a connection.
type Plane uint8

const (
	// RecordInPlace is this package, with TLS 1.3: opened and sealed where they lie.
	RecordInPlace Plane = iota
	// RecordStream is crypto/tls, with TLS 1.2, and where FIPS 140 is enforced.
	RecordStream
	// RecordKernel is the kernel (kTLS). It is a name so far.
	RecordKernel
)

func (p Plane) String() string {
	return [...]string{"RecordInPlace", "RecordStream", "RecordKernel"}[p]
}

// Info is what a handshake has agreed on and found out.
type Info struct {
	Version     uint16 // as in crypto/tls: VersionTLS12, VersionTLS13
	CipherSuite uint16 // as in crypto/tls
	Group       uint16 // of the key exchange, as CurveID in crypto/tls
	Plane       Plane
	Resumed     bool // from a session ticket
	ECHAccepted bool // Encrypted Client Hello

	ServerName string // that the client asked for, or was told to
	Protocol   string // agreed on by ALPN, "" if none

	// PeerCertificates is what the peer has sent, its own first, and VerifiedChains what was
	// made of it; nil without client certificates.
	PeerCertificates []*x509.Certificate
	VerifiedChains   [][]*x509.Certificate
}

func newInfo(state *stdtls.ConnectionState) *Info {
	return &Info{
		Version:          state.Version,
		CipherSuite:      state.CipherSuite,
		Group:            uint16(state.CurveID),
		Resumed:          state.DidResume,
		ECHAccepted:      state.ECHAccepted,
		ServerName:       state.ServerName,
		Protocol:         state.NegotiatedProtocol,
		PeerCertificates: state.PeerCertificates,
		VerifiedChains:   state.VerifiedChains,
	}
}
