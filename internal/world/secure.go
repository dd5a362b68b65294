package world

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// What crypto/tls makes of a handshake differs from run to run, whatever its Config says: keys, and with them all that
// is derived. Lengths do not, with an Ed25519 certificate, of which all signatures are equally long; and that is all
// that the network and the clients' decisions depend on.

// certificate is every server's, the same in every process.
var certificate = sync.OnceValue(func() tls.Certificate {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"world"},
		NotBefore: time.Unix(1_000_000_000, 0), NotAfter: time.Unix(4_000_000_000, 0),
	}
	der, err := x509.CreateCertificate(nil, t, t, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// TLS is how the server is to secure its connections, nil in a world without.
func (w *World) TLS() *tls.Config {
	if !w.plan.TLS {
		return nil
	}
	cfg := &tls.Config{
		Certificates: []tls.Certificate{certificate()}, Time: w.Wall, MinVersion: tls.VersionTLS12,
		// Not P256: who has a share of that only is asked for another (RFC 8446 §4.1.4).
		CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP384},
	}
	cfg.SetSessionTicketKeys([][32]byte{{1, 2, 3}})
	return cfg
}

// companions are how many clients share their tickets. Not all: else who is left out would change the others.
const companions = 4

// config is the client's.
func (t *tunnel) config() *tls.Config {
	r := t.rng
	cfg := &tls.Config{
		Time: t.c.w.Wall, NextProtos: []string{"http/1.1"}, KeyLogWriter: t, MinVersion: tls.VersionTLS12,
		// Whose the certificate is says shaken: a chain would take longer than all the rest.
		InsecureSkipVerify: true, ClientSessionCache: t,
		CurvePreferences: []tls.CurveID{tls.X25519},
	}
	switch r.IntN(16) {
	case 0:
		cfg.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768, tls.X25519}
	case 1:
		cfg.CurvePreferences = []tls.CurveID{tls.CurveP256, tls.CurveP384}
	}
	t.version = tls.VersionTLS13
	session := t.version // what a ticket is good for
	if r.IntN(4) == 0 {
		t.version = tls.VersionTLS12
		cfg.MaxVersion = t.version
		cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		if r.IntN(3) == 0 {
			cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}
		}
		session = cfg.CipherSuites[0]
		if cfg.CurvePreferences[0] == tls.CurveP256 { // no second hello in TLS 1.2
			cfg.CurvePreferences = cfg.CurvePreferences[1:]
		}
	}
	cfg.ServerName = fmt.Sprintf("of%d.%x.world", t.c.n/companions, session)
	return cfg
}

// Get gives crypto/tls the ticket of a companion.
func (t *tunnel) Get(string) (*tls.ClientSessionState, bool) {
	s := t.c.w.tickets[t.cfg.ServerName]
	t.offered = s != nil
	return s, t.offered
}

// Put keeps a ticket, or throws one away.
func (t *tunnel) Put(_ string, s *tls.ClientSessionState) { t.c.w.tickets[t.cfg.ServerName] = s }

// Write takes a line of the key log.
func (t *tunnel) Write(line []byte) (int, error) {
	f := bytes.Fields(line)
	secret := &t.upSecret
	switch string(f[0]) {
	case "CLIENT_TRAFFIC_SECRET_0":
	case "SERVER_TRAFFIC_SECRET_0":
		secret = &t.downSecret
	default:
		return len(line), nil
	}
	*secret = make([]byte, hex.DecodedLen(len(f[2])))
	_, err := hex.Decode(*secret, f[2])
	return len(line), err
}
