package keyexchange

import (
	"crypto/ecdh"
	"crypto/rand"
	"slices"
)

// Client is the client's half of one exchange: the private key between ClientHello and
// ServerHello. Its zero value is ready for Generate. It must not be copied.
type Client struct {
	by  *impl // whoever made the key finishes with it; nil without a key
	dh  dhKey
	kem kemKey
}

// dhKey is a private key of ECDH: a scalar, or a key of the standard library.
type dhKey struct {
	scalar [32]byte
	std    *ecdh.PrivateKey
}

// kemKey is a private key of ML-KEM: d and z of FIPS 203 §7.1, and what was made of them.
type kemKey struct {
	seed [64]byte
	dk   any // *mlkem.DecapsulationKey768 and its kind
}

// Generate makes a new key for g, appends the client's share to share and returns it.
// An earlier key of c is wiped. It fails with ErrGroup, or with the reason of a library
// that refuses; share is then as it was.
func (c *Client) Generate(g Group, share []byte) ([]byte, error) {
	by := implOf(g)
	if by == nil {
		return share, ErrGroup
	}
	return c.generate(by, share)
}

func (c *Client) generate(by *impl, share []byte) ([]byte, error) {
	c.Wipe()
	out, own := extend(share, by.point+by.ek)
	point, ek := by.split(own, by.point)
	err := by.dh.generate(&c.dh, point)
	if err == nil && by.kem != nil {
		_, _ = rand.Read(c.kem.seed[:]) // never fails: it ends the process instead
		err = by.kem.generate(&c.kem, ek)
		clear(c.kem.seed[:])
	}
	if err != nil {
		c.Wipe()
		clear(own)
		return share, err
	}
	c.by = by
	return out, nil
}

// Finish computes the shared secret from the server's share of g, appends it to secret and
// returns it. g is the group that Generate was called with, or its ECDH part if that was
// offered, too (Group.ECDH). It fails with an *Error if the server's share breaks the
// protocol, with ErrNoKey if there is no key for g; secret is then as it was. The
// key is used up and wiped in any case.
func (c *Client) Finish(g Group, serverShare, secret []byte) ([]byte, error) {
	defer c.Wipe()
	by := c.by
	if by == nil || g != by.group && g != by.ecdh {
		return secret, ErrNoKey
	}
	hybrid := g == by.group && by.kem != nil
	shareLen, secretLen := by.point, by.coordinate
	if hybrid {
		shareLen, secretLen = by.point+by.ct, by.coordinate+by.ss
	}
	if len(serverShare) != shareLen {
		return secret, ErrServerShareSize
	}
	out, own := extend(secret, secretLen)
	point, ct := by.split(serverShare, by.point)
	z, ss := by.split(own, by.coordinate)
	err := by.dh.finish(&c.dh, point, z)
	if err == nil && hybrid {
		err = by.kem.decapsulate(&c.kem, ct, ss)
	}
	if err != nil {
		clear(own)
		return secret, err
	}
	return out, nil
}

// Wipe forgets the key, if there is one: for a handshake that ends before Finish.
func (c *Client) Wipe() {
	clear(c.dh.scalar[:])
	clear(c.kem.seed[:])
	wipeDecapsulationKey(c.kem.dk)
	c.by, c.dh.std, c.kem.dk = nil, nil, nil
}

// extend makes room for n more bytes behind b: the whole, and the new part alone.
func extend(b []byte, n int) (whole, added []byte) {
	whole = slices.Grow(b, n)[:len(b)+n]
	return whole, whole[len(b):]
}
