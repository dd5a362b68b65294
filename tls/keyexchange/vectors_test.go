package keyexchange

import (
	"bytes"
	"crypto/ecdh"
	"os"
	"strings"
	"testing"
)

// X25519 of RFC 7748: §5.2, whose second point has the bit set that must be ignored, and §6.1.
func TestVectorsX25519(t *testing.T) {
	for _, v := range []struct{ scalar, peer, secret string }{
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
		{"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
			"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
			"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
	} {
		testVector(t, X25519, ecdh.X25519(), v.scalar, v.peer, v.secret)
	}
}

// NIST CAVS 14.1, ECC CDH Primitive (SP 800-56A), the first ones of P-256 and P-384.
func TestVectorsNIST(t *testing.T) {
	testVector(t, P256, ecdh.P256(),
		"7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
		"04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"+
			"db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
		"46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")
	testVector(t, P384, ecdh.P384(),
		"3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
		"04a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066"+
			"ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a",
		"5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1")
}

func testVector(t *testing.T, g Group, curve ecdh.Curve, scalar, peer, secret string) {
	t.Helper()
	for name, by := range ways(g.index()) {
		got := make([]byte, by.coordinate)
		err := by.dh.finish(keyOf(t, curve, unhex(t, scalar)), unhex(t, peer), got)
		if err != nil || !bytes.Equal(got, unhex(t, secret)) {
			t.Errorf("%v by %s: %x, %v, want %s", g, name, got, err, secret)
		}
	}
}

// The file says where its vectors are from.
func TestVectorsMLKEM(t *testing.T) {
	text, err := os.ReadFile("testdata/mlkem-acvp.txt")
	if err != nil {
		t.Fatal(err)
	}
	hybrids := map[string]Group{"ML-KEM-768": X25519MLKEM768, "ML-KEM-1024": SecP384r1MLKEM1024}
	keygen, encaps := 0, 0
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch f[0] {
		case "keygen":
			keygen++
			testKeygenVector(t, hybrids[f[1]], f[2], unhex(t, f[3]+f[4]), unhex(t, f[5]))
		case "encaps":
			encaps++
			testEncapsVector(t, hybrids[f[1]], f[2], unhex(t, f[3]), unhex(t, f[4]), unhex(t, f[5]), unhex(t, f[6]))
		}
	}
	if keygen != 4 || encaps != 4 {
		t.Errorf("%d and %d vectors were read, want 4 and 4", keygen, encaps)
	}
}

func testKeygenVector(t *testing.T, g Group, id string, seed, want []byte) {
	t.Helper()
	for name, by := range ways(g.index()) {
		var k kemKey
		copy(k.seed[:], seed)
		ek := make([]byte, by.ek)
		if err := by.kem.generate(&k, ek); err != nil || !bytes.Equal(ek, want) {
			t.Errorf("vector %s by %s: another encapsulation key, %v", id, name, err)
		}
	}
}
