package keyexchange

import (
	"crypto/ecdh"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/ringwire/ringwire/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// ways are all ways to compute a group on this machine: the standard library's, and circl's
// if it has one.
func ways(i int) map[string]*impl {
	all := map[string]*impl{Crypto: &std[i]}
	if circl[i].dh != nil {
		all[Circl] = &circl[i]
	}
	return all
}

// eachWay runs test for every group and every way to compute it.
func eachWay(t *testing.T, test func(t *testing.T, by *impl)) {
	for i := range specs {
		for name, by := range ways(i) {
			t.Run(fmt.Sprintf("%v/%s", specs[i].group, name), func(t *testing.T) { test(t, by) })
		}
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyOf is a private key for whichever library.
func keyOf(t testing.TB, curve ecdh.Curve, scalar []byte) *dhKey {
	t.Helper()
	private, err := curve.NewPrivateKey(scalar)
	if err != nil {
		t.Fatal(err)
	}
	k := &dhKey{std: private}
	copy(k.scalar[:], scalar)
	return k
}

// twins are two clients with one key, of which the first computes with the
// standard library and the second with circl, or likewise without circl.
func twins(t testing.TB, i int) (a, b *Client) {
	t.Helper()
	a, b = &Client{by: &std[i]}, &Client{by: &std[i]}
	if circl[i].dh != nil {
		b.by = &circl[i]
	}
	s := &specs[i]
	private, err := std[i].dh.(stdDH).curve.NewPrivateKey(append(make([]byte, s.coordinate-1), 77))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Client{a, b} {
		c.dh.std = private
		copy(c.dh.scalar[:], private.Bytes())
		if s.kem() {
			c.kem.seed[0] = 1
			if err := c.by.kem.generate(&c.kem, make([]byte, s.ek)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return a, b
}

func (s *spec) kem() bool { return s.ek > 0 }

// offer is a client's share of by.
func offer(t testing.TB, by *impl) ([]byte, *Client) {
	t.Helper()
	var c Client
	share, err := c.generate(by, nil)
	if err != nil {
		t.Fatal(err)
	}
	return share, &c
}
