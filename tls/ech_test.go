package tls

import (
	"crypto/ecdh"
	"crypto/rand"
	stdtls "crypto/tls"
	"encoding/binary"
	"testing"
)

// echKey makes an ECHConfig for public.test with X25519, HKDF-SHA256 and AES-128-GCM
// (RFC 9849 §4), its key, and the list that clients get.
func echKey(t testing.TB, id byte) (stdtls.EncryptedClientHelloKey, []byte) {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	vector := func(p, v []byte) []byte { return append(binary.BigEndian.AppendUint16(p, uint16(len(v))), v...) }
	contents := []byte{id, 0, 0x20} // DHKEM(X25519, HKDF-SHA256)
	contents = vector(contents, key.PublicKey().Bytes())
	contents = vector(contents, []byte{0, 1, 0, 1})
	contents = append(contents, 32, byte(len("public.test")))
	contents = append(contents, "public.test"...)
	contents = vector(contents, nil)
	config := vector([]byte{0xfe, 0x0d}, contents)
	return stdtls.EncryptedClientHelloKey{Config: config, PrivateKey: key.Bytes(), SendAsRetry: true}, vector(nil, config)
}
