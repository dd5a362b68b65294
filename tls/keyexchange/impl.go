package keyexchange

import "crypto/subtle"

// impl is one way to compute a group.
type impl struct {
	*spec
	dh  dh
	kem kem // nil for a group that is no hybrid
}

// dh is an elliptic curve. All slices have the sizes of the group's spec; the caller wipes
// what it passed if there is an error.
type dh interface {
	// generate makes a key and its public share.
	generate(k *dhKey, share []byte) error
	// finish computes the secret with the peer's share.
	finish(k *dhKey, peer, secret []byte) error
	// serve is both, with a key that lives no longer.
	serve(peer, share, secret []byte) error
}

// kem is ML-KEM with one parameter set, likewise.
type kem interface {
	// generate makes k.dk of k.seed.
	generate(k *kemKey, ek []byte) error
	encapsulate(ek, ct, ss []byte) error
	decapsulate(k *kemKey, ct, ss []byte) error
}

// zero reports in constant time whether b is all zero.
func zero(b []byte) bool {
	var or byte
	for _, x := range b {
		or |= x
	}
	return subtle.ConstantTimeByteEq(or, 0) == 1
}
