package keyexchange

import (
	"bytes"
	stdtls "crypto/tls"
	"testing"
)

// The sizes are those of draft-ietf-tls-ecdhe-mlkem §4.1 to §4.3 and of RFC 8446 §4.2.8.
func TestSizes(t *testing.T) {
	for _, v := range []struct {
		group                  Group
		client, server, secret int
	}{
		{X25519MLKEM768, 1216, 1120, 64},
		{SecP256r1MLKEM768, 1249, 1153, 64},
		{SecP384r1MLKEM1024, 1665, 1665, 80},
		{X25519, 32, 32, 32},
		{P256, 65, 65, 32},
		{P384, 97, 97, 48},
		{P384 + 1, 0, 0, 0},
	} {
		client, server, secret := v.group.Sizes()
		if client != v.client || server != v.server || secret != v.secret {
			t.Errorf("%v: sizes %d, %d, %d, want %d, %d, %d", v.group, client, server, secret, v.client, v.server, v.secret)
		}
		if client > MaxClientShare || server > MaxServerShare || secret > MaxSecret {
			t.Errorf("%v does not fit the largest sizes", v.group)
		}
	}
}

func TestTablesAgree(t *testing.T) {
	for i := range specs {
		for name, by := range ways(i) {
			if by.spec != &specs[i] || (by.kem != nil) != specs[i].kem() {
				t.Errorf("%s's entry %d is not of %v", name, i, specs[i].group)
			}
		}
	}
}

func TestGroupNames(t *testing.T) {
	for group, want := range map[Group]string{
		X25519:         stdtls.X25519.String(),
		X25519MLKEM768: stdtls.X25519MLKEM768.String(),
		P256:           "P-256",
		9:              "group 9",
	} {
		if got := group.String(); got != want {
			t.Errorf("%d is called %q, want %q", int(group), got, want)
		}
	}
}

// In X25519MLKEM768 alone the ECDH part stands behind (draft-ietf-tls-ecdhe-mlkem §4.1).
func TestECDHPart(t *testing.T) {
	share := make([]byte, MaxClientShare)
	for i := range share {
		share[i] = byte(i >> 3)
	}
	for _, v := range []struct {
		group, part Group
		from, to    int
	}{
		{X25519MLKEM768, X25519, 1184, 1216},
		{SecP256r1MLKEM768, P256, 0, 65},
		{SecP384r1MLKEM1024, P384, 0, 97},
		{X25519, X25519, 0, 32},
	} {
		client, _, _ := v.group.Sizes()
		part, point := v.group.ECDH(share[:client])
		if part != v.part || !bytes.Equal(point, share[v.from:v.to]) {
			t.Errorf("%v: the ECDH part is %v and %x, want %v and bytes %d to %d", v.group, part, point, v.part, v.from, v.to)
		}
		if part, point = v.group.ECDH(share[:client-1]); part != 0 || point != nil {
			t.Errorf("%v: a share that is too short has a part: %v", v.group, part)
		}
	}
	if part, _ := Group(9).ECDH(nil); part != 0 {
		t.Error("an unknown group has a part")
	}
}
