package certs

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ECHKey is a key pair of Encrypted Client Hello (RFC 9849) with what clients must know of it.
type ECHKey struct {
	PublicName string // what observers see in place of the real name; the server needs a certificate for it
	ID         uint8  // names the key in a hello; another one for each key in use
	Config     []byte // the ECHConfig, as published
	private    []byte // X25519
}

// Numbers of RFC 9849 §4 and RFC 9180 §7.
const (
	echVersion    = 0xfe0d
	echKEMX25519  = 0x0020
	echKDFSHA256  = 0x0001
	echAES128     = 0x0001
	echAES256     = 0x0002
	echChaCha20   = 0x0003
	echKeyBytes   = 32
	echNameLength = 64 // names up to this many bytes look the same from outside
	pemECHConfig  = "ECHCONFIG"
	pemPrivateKey = "PRIVATE KEY"
)

// NewECHKey makes a key. publicName is shown to everybody: a name of the provider that says nothing of those behind
// it. The server must have a certificate for it, which clients with an outdated key verify
// before they take the new one. id is another one for each key in use. The key is on X25519, which Go refuses in
// FIPS-only mode: that is the error then.
func NewECHKey(publicName string, id uint8) (*ECHKey, error) {
	if err := checkPublicName(publicName); err != nil {
		return nil, err
	}
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	k := &ECHKey{PublicName: publicName, ID: id, private: private.Bytes()}
	k.Config = appendECHConfig(nil, id, private.PublicKey().Bytes(), publicName)
	return k, nil
}

// checkPublicName wants what clients want (RFC 9849 §6.1.7): labels of letters, digits and hyphens, and no
// IPv4 address.
func checkPublicName(name string) error {
	bad := func(why string) error { return &ConfigError{"publicName", fmt.Sprintf("%.80q %s", name, why)} }
	if name == "" || len(name) > maxName {
		return bad("is no name of 1 to 253 bytes")
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return bad("has a label that is empty, too long, or begins or ends with a hyphen")
		}
		for _, c := range []byte(label) {
			if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				return bad("is not letters, digits, hyphens and dots")
			}
		}
	}
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" {
		return bad("looks like an IPv4 address")
	}
	return nil
}

// appendECHConfig writes an ECHConfig (RFC 9849 §4).
func appendECHConfig(dst []byte, id uint8, public []byte, name string) []byte {
	be := binary.BigEndian
	dst = be.AppendUint16(dst, echVersion)
	length := len(dst)
	dst = be.AppendUint16(dst, 0)
	dst = append(dst, id)
	dst = be.AppendUint16(dst, echKEMX25519)
	dst = be.AppendUint16(dst, uint16(len(public)))
	dst = append(dst, public...)
	aeads := []uint16{echAES128, echAES256, echChaCha20}
	dst = be.AppendUint16(dst, uint16(4*len(aeads)))
	for _, aead := range aeads {
		dst = be.AppendUint16(dst, echKDFSHA256)
		dst = be.AppendUint16(dst, aead)
	}
	dst = append(dst, echNameLength, byte(len(name)))
	dst = append(dst, name...)
	dst = be.AppendUint16(dst, 0) // extensions
	be.PutUint16(dst[length:], uint16(len(dst)-length-2))
	return dst
}

// ConfigList is the ECHConfigList to publish for this key alone, in the ech parameter of an HTTPS record (RFC 9848)
// or for crypto/tls's EncryptedClientHelloConfigList.
func (k *ECHKey) ConfigList() []byte { return echConfigList(k) }

func echConfigList(keys ...*ECHKey) []byte {
	list := []byte{0, 0}
	for _, k := range keys {
		list = append(list, k.Config...)
	}
	binary.BigEndian.PutUint16(list, uint16(len(list)-2))
	return list
}

// PEM returns the key as a file of RFC 9934: the private key, then the ECHConfigList. Keep it as secret as any
// private key.
func (k *ECHKey) PEM() ([]byte, error) {
	private, err := ecdh.X25519().NewPrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	return slices.Concat(pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: pemECHConfig, Bytes: k.ConfigList()})), nil
}

// WriteFile writes the key's PEM into a new file that only its owner reads. A file that is there is an error.
func (k *ECHKey) WriteFile(name string) error {
	text, err := k.PEM()
	if err != nil {
		return err
	}
	defer clear(text)
	return writeNew(name, text, 0o600)
}

// ParseECHKey reads a file of RFC 9934 with one X25519 key. Of the configs in its list it takes the one
// that is the key's.
func ParseECHKey(text []byte) (*ECHKey, error) {
	var private *ecdh.PrivateKey
	var list []byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case pemPrivateKey:
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			clear(block.Bytes)
			key, ok := parsed.(*ecdh.PrivateKey)
			if err != nil || !ok || key.Curve() != ecdh.X25519() || private != nil {
				return nil, errors.New("certs: the PRIVATE KEY is not one X25519 key in PKCS #8")
			}
			private = key
		case pemECHConfig:
			list = block.Bytes
		}
	}
	if private == nil || list == nil {
		return nil, errors.New("certs: a PRIVATE KEY and an ECHCONFIG are wanted (RFC 9934)")
	}
	return findECHConfig(private, list)
}

func findECHConfig(private *ecdh.PrivateKey, list []byte) (*ECHKey, error) {
	configs, err := splitECHConfigs(list)
	if err != nil {
		return nil, err
	}
	public := private.PublicKey().Bytes()
	for _, config := range configs {
		k, key, err := parseECHConfig(config)
		if err != nil {
			return nil, err
		}
		if k != nil && bytes.Equal(key, public) {
			k.private = private.Bytes()
			return k, nil
		}
	}
	return nil, errors.New("certs: no config of the ECHCONFIG is that of the PRIVATE KEY")
}

var errECHConfig = errors.New("certs: the ECHCONFIG is malformed (RFC 9849 §4)")

// splitECHConfigs returns the views of a list's configs.
func splitECHConfigs(list []byte) (configs [][]byte, err error) {
	r := reader{list}
	body, ok := r.vector(2)
	if !ok || len(r.p) > 0 || len(body) == 0 {
		return nil, errECHConfig
	}
	r = reader{body}
	for len(r.p) > 0 {
		start := r.p
		_, okVersion := r.take(2)
		content, okContent := r.vector(2)
		if !okVersion || !okContent {
			return nil, errECHConfig
		}
		configs = append(configs, start[:4+len(content)])
	}
	return configs, nil
}

// parseECHConfig reads one config. k is nil for one of a version or a key of another kind.
func parseECHConfig(config []byte) (k *ECHKey, public []byte, err error) {
	if binary.BigEndian.Uint16(config) != echVersion {
		return nil, nil, nil
	}
	r := reader{config[4:]}
	head, ok1 := r.take(3) // config_id, kem_id
	public, ok2 := r.vector(2)
	suites, ok3 := r.vector(2)
	_, ok4 := r.take(1) // maximum_name_length
	name, ok5 := r.vector(1)
	_, ok6 := r.vector(2) // extensions
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || len(r.p) > 0 || len(suites) == 0 || len(suites)%4 != 0 {
		return nil, nil, errECHConfig
	}
	if binary.BigEndian.Uint16(head[1:]) != echKEMX25519 || len(public) != echKeyBytes {
		return nil, nil, nil
	}
	if err := checkPublicName(string(name)); err != nil {
		return nil, nil, err
	}
	return &ECHKey{PublicName: string(name), ID: head[0], Config: bytes.Clone(config)}, public, nil
}

// reader takes fields from the front of bytes.
type reader struct{ p []byte }

func (r *reader) take(n int) ([]byte, bool) {
	if len(r.p) < n {
		return nil, false
	}
	v := r.p[:n]
	r.p = r.p[n:]
	return v, true
}

// vector takes a field that begins with its length in that many bytes.
func (r *reader) vector(size int) ([]byte, bool) {
	length, ok := r.take(size)
	if !ok {
		return nil, false
	}
	n := 0
	for _, b := range length {
		n = n<<8 | int(b)
	}
	return r.take(n)
}

// server is the key in crypto/tls's form.
func (k *ECHKey) server(retry bool) stdtls.EncryptedClientHelloKey {
	return stdtls.EncryptedClientHelloKey{Config: k.Config, PrivateKey: k.private, SendAsRetry: retry}
}
