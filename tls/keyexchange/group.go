package keyexchange

import "strconv"

// Group is a NamedGroup of TLS (RFC 8446 §4.2.7, and the IANA registry TLS Supported Groups).
type Group uint16

// The groups that can be computed here. The hybrids are those of draft-ietf-tls-ecdhe-mlkem.
const (
	P256               Group = 23 // secp256r1
	P384               Group = 24 // secp384r1
	X25519             Group = 29
	SecP256r1MLKEM768  Group = 4587
	X25519MLKEM768     Group = 4588
	SecP384r1MLKEM1024 Group = 4589
)

// The most bytes that a group takes, for buffers that fit them all.
const (
	MaxClientShare = 97 + 1568 // SecP384r1MLKEM1024
	MaxServerShare = 97 + 1568
	MaxSecret      = 48 + 32
)

// spec is what a group is made of. Sizes are in bytes; those of an absent KEM are 0.
type spec struct {
	group    Group
	name     string
	ecdh     Group // the part that is a group of its own; of such a group, itself
	kemFirst bool  // in shares and in the secret, the KEM's part stands in front

	point, coordinate int // ECDH: a share and a secret
	ek, ct, ss        int // KEM: client share, server share, secret
}

// specs are in the order in which a client would prefer them: that of the standard library.
// X25519MLKEM768 alone has its parts the other way round, so that what FIPS approves comes
// first (draft-ietf-tls-ecdhe-mlkem §4.1 to §4.3).
var specs = [...]spec{
	{group: X25519MLKEM768, name: "X25519MLKEM768", ecdh: X25519, kemFirst: true,
		point: 32, coordinate: 32, ek: 1184, ct: 1088, ss: 32},
	{group: SecP256r1MLKEM768, name: "SecP256r1MLKEM768", ecdh: P256,
		point: 65, coordinate: 32, ek: 1184, ct: 1088, ss: 32},
	{group: SecP384r1MLKEM1024, name: "SecP384r1MLKEM1024", ecdh: P384,
		point: 97, coordinate: 48, ek: 1568, ct: 1568, ss: 32},
	{group: X25519, name: "X25519", ecdh: X25519, point: 32, coordinate: 32},
	{group: P256, name: "P-256", ecdh: P256, point: 65, coordinate: 32},
	{group: P384, name: "P-384", ecdh: P384, point: 97, coordinate: 48},
}

// index is where g's spec is, -1 if there is none.
func (g Group) index() int {
	for i := range specs {
		if specs[i].group == g {
			return i
		}
	}
	return -1
}

// String is the group's name in the IANA registry, but P-256 and P-384 for secp256r1 and secp384r1.
func (g Group) String() string {
	if i := g.index(); i >= 0 {
		return specs[i].name
	}
	return "group " + strconv.Itoa(int(g))
}

// Sizes are the exact sizes in bytes of g's shares and secret; all 0 for a group that is not known here.
func (g Group) Sizes() (clientShare, serverShare, secret int) {
	i := g.index()
	if i < 0 {
		return 0, 0, 0
	}
	s := &specs[i]
	return s.point + s.ek, s.point + s.ct, s.coordinate + s.ss
}

// ECDH is the part of g that is a group of its own, and its share as it stands in a
// client's share of g: a view of it, valid as long as that. A client that offers a hybrid may
// offer that part beside it with the same key (RFC 9954 §3.2) and pass either group to
// Finish. For a group that is no hybrid it is g and the share, for an unknown group or a
// share of another size 0 and nil.
func (g Group) ECDH(clientShare []byte) (Group, []byte) {
	i := g.index()
	if i < 0 || len(clientShare) != specs[i].point+specs[i].ek {
		return 0, nil
	}
	point, _ := specs[i].split(clientShare, specs[i].point)
	return specs[i].ecdh, point
}

// split cuts a share or a secret, of which n bytes are the ECDH part's, into its parts.
func (s *spec) split(b []byte, n int) (ecdh, kem []byte) {
	if s.kemFirst {
		return b[len(b)-n:], b[:len(b)-n]
	}
	return b[:n], b[n:]
}
