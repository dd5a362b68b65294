package tls

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	stdtls "crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"time"
)

// errEnough ends the handshakes of a probe: one hello tells everything.
var errProbed = errors.New("tls: the probe has seen enough")

// probeOffer is the ClientHello of a crypto/tls client that is asked for everything above TLS 1.1.
func probeOffer() (*stdtls.ClientHelloInfo, error) {
	hello, err := probeClientHello(&stdtls.Config{ServerName: "probe.invalid", MinVersion: stdtls.VersionTLS12, CipherSuites: probeSuites()})
	if err != nil {
		return nil, err
	}
	return probeReadHello(hello, nil)
}

// tryECH says why ECH cannot be had as client and as server, "" for what can.
func tryECH() (client, server string) {
	key, list, err := offeredECHKey()
	if err != nil {
		return err.Error(), err.Error() // FIPS 140 only mode has no X25519
	}
	hello, err := probeClientHello(&stdtls.Config{ServerName: "inner.invalid", MinVersion: stdtls.VersionTLS13, EncryptedClientHelloConfigList: list})
	if err != nil {
		return err.Error(), "nothing to try it with, the client cannot: " + err.Error()
	}
	info, err := probeReadHello(hello, []stdtls.EncryptedClientHelloKey{key})
	if err != nil {
		return "", err.Error()
	}
	if info.ServerName != "inner.invalid" {
		return "", "the server does not see the inner hello, but " + info.ServerName
	}
	return "", ""
}

// probeClientHello is the first flight of a client.
func probeClientHello(config *stdtls.Config) ([]byte, error) {
	var c probeConn
	err := stdtls.Client(&c, config).Handshake()
	if c.out.Len() == 0 {
		return nil, err
	}
	return c.out.Bytes(), nil
}

// probeReadHello is what a server makes of a client's first flight.
func probeReadHello(hello []byte, keys []stdtls.EncryptedClientHelloKey) (*stdtls.ClientHelloInfo, error) {
	var info *stdtls.ClientHelloInfo
	config := &stdtls.Config{EncryptedClientHelloKeys: keys, GetConfigForClient: func(hi *stdtls.ClientHelloInfo) (*stdtls.Config, error) {
		info = hi
		return nil, errProbed
	}}
	err := stdtls.Server(&probeConn{in: *bytes.NewReader(hello)}, config).Handshake()
	if info == nil {
		return nil, err
	}
	return info, nil
}

// offeredECHKey makes a key and its ECHConfigList (RFC 9849 §4), with DHKEM(X25519, HKDF-SHA256),
// HKDF-SHA256 and AES-128-GCM (RFC 9180 §7).
func offeredECHKey() (key stdtls.EncryptedClientHelloKey, list []byte, err error) {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return key, nil, err
	}
	const public = "outer.invalid"
	be := binary.BigEndian
	contents := []byte{1}                                                // config_id
	contents = be.AppendUint16(contents, 0x0020)                         // kem_id
	contents = be.AppendUint16(contents, 32)                             // public_key
	contents = append(contents, private.PublicKey().Bytes()...)          //
	contents = append(contents, 0, 4, 0, 1, 0, 1)                        // cipher_suites
	contents = append(contents, 32, byte(len(public)))                   // maximum_name_length, public_name
	contents = append(append(contents, public...), 0, 0)                 // no extensions
	config := be.AppendUint16([]byte{0xfe, 0x0d}, uint16(len(contents))) // version, length
	config = append(config, contents...)
	key = stdtls.EncryptedClientHelloKey{Config: config, PrivateKey: private.Bytes()}
	return key, append(be.AppendUint16(nil, uint16(len(config))), config...), nil
}

// probeConn is a net.Conn that leads nowhere: it keeps what is written, reads from memory and
// then ends, so that a handshake runs and stops without waiting for anybody.
type probeConn struct {
	in  bytes.Reader
	out bytes.Buffer
}

func (c *probeConn) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *probeConn) Write(p []byte) (int, error) { return c.out.Write(p) }
func (*probeConn) Close() error                  { return nil }
func (*probeConn) LocalAddr() net.Addr           { return &net.TCPAddr{} }
func (*probeConn) RemoteAddr() net.Addr          { return &net.TCPAddr{} }
func (*probeConn) SetDeadline(time.Time) error   { return nil }

func (*probeConn) SetReadDeadline(time.Time) error  { return nil }
func (*probeConn) SetWriteDeadline(time.Time) error { return nil }
