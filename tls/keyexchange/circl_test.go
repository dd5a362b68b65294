//go:build amd64 && !purego

package keyexchange

import (
	"bytes"
	"testing"
)

// Only circl takes m from outside; what the standard library makes of its own m, circl opens (TestExchange).
func testEncapsVector(t *testing.T, g Group, id string, ek, m, wantCT, wantSS []byte) {
	t.Helper()
	s := &specs[g.index()]
	encapsulate := encapsulate768
	if g == SecP384r1MLKEM1024 {
		encapsulate = encapsulate1024
	}
	ct, ss := make([]byte, s.ct), make([]byte, s.ss)
	if err := encapsulate(ek, ct, ss, m); err != nil || !bytes.Equal(ct, wantCT) || !bytes.Equal(ss, wantSS) {
		t.Errorf("vector %s: another ciphertext or secret, %v", id, err)
	}
}

func TestCirclWipesScalar(t *testing.T) {
	_, c := offer(t, &circl[X25519MLKEM768.index()])
	if zero(c.dh.scalar[:]) || c.kem.dk == nil {
		t.Fatal("the client holds no key, the test looks in the wrong place")
	}
	if !zero(c.kem.seed[:]) {
		t.Error("the seed is still there after it was used")
	}
	dk := c.kem.dk
	c.Wipe()
	if !zero(c.dh.scalar[:]) || c.by != nil || c.kem.dk != nil {
		t.Error("Wipe leaves something of the key")
	}
	if _, public := packed(dk); public {
		t.Error("Wipe leaves the decapsulation key as it was")
	}
}

// packed reports whether dk still is a key that can be written down.
func packed(dk any) (out []byte, ok bool) {
	defer func() { ok = recover() == nil }()
	out, _ = dk.(interface{ MarshalBinary() ([]byte, error) }).MarshalBinary()
	return out, true
}
