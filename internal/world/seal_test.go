package world

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"slices"
	"testing"
)

// The keys of RFC 8448 §3, which another has computed.
func TestSealKeys(t *testing.T) {
	secret, _ := hex.DecodeString("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5")
	var s seal
	if err := s.install(tls.TLS_AES_128_GCM_SHA256, secret); err != nil {
		t.Fatal(err)
	}
	key, _ := s.expand("key", 16)
	if k, iv := hex.EncodeToString(key), hex.EncodeToString(s.iv); k != "17422dda596ed5d9acd890e3c63f5051" || iv != "5b78923dee08579033e523d9" {
		t.Errorf("key %s, iv %s", k, iv)
	}
}

// What one side seals the other opens, in its order, under every suite and after updates; nothing that was changed.
func TestSeal(t *testing.T) {
	for suite, n := range map[uint16]int{tls.TLS_AES_128_GCM_SHA256: 32, tls.TLS_AES_256_GCM_SHA384: 48, tls.TLS_CHACHA20_POLY1305_SHA256: 32} {
		var from, to seal
		secret := bytes.Repeat([]byte{9}, n)
		if from.install(suite, secret) != nil || to.install(suite, secret) != nil {
			t.Fatal("no keys")
		}
		for i, size := range []int{0, 1, 500, maxPlain - 100} {
			p := bytes.Repeat([]byte{byte(i + 1)}, size)
			rec := from.append([]byte("before"), p, typeData, 3*i)[len("before"):]
			if len(rec) != recordHead+size+1+3*i+16 {
				t.Errorf("%x: a record of %d bytes for %d", suite, len(rec), size)
			}
			forged := slices.Clone(rec)
			forged[len(forged)-1] ^= 1
			reader := to
			if _, _, err := reader.open(forged); err == nil {
				t.Errorf("%x: a forged record is opened", suite)
			}
			if got, kind, err := to.open(rec); err != nil || kind != typeData || !bytes.Equal(got, p) {
				t.Errorf("%x: %d bytes become %d of type %d, %v", suite, size, len(got), kind, err)
			}
			if from.update() != nil || to.update() != nil {
				t.Fatal("no update")
			}
		}
		if rec := from.append(nil, nil, 0, 5); len(rec) == 0 {
			t.Error("nothing is sealed")
		} else if _, _, err := to.open(rec); err == nil {
			t.Error("a record without a type is opened")
		}
	}
}

// A record of the handshake, cut into several, is the same message.
func TestFragment(t *testing.T) {
	rec := append([]byte{typeHandshake, 3, 1, 0, 10}, "0123456789"...)
	for most := 1; most <= 11; most++ {
		var whole []byte
		for p := fragment(nil, rec, most); len(p) > 0; {
			n := int(p[4])
			if n > most || !bytes.Equal(p[:3], rec[:3]) {
				t.Fatalf("a record %x, of %d bytes at most", p, most)
			}
			whole, p = append(whole, p[5:5+n]...), p[5+n:]
		}
		if string(whole) != "0123456789" {
			t.Errorf("it becomes %q", whole)
		}
	}
}
