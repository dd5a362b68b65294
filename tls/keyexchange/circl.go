//go:build amd64 && !purego

package keyexchange

import (
	"crypto/rand"

	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"
	"golang.org/x/sys/cpu"
)

// circl are the ways with circl in them, for every group that has one. The NIST curves stay
// the standard library's: circl's only one is not constant-time throughout.
var circl = [len(specs)]impl{
	{&specs[0], circlX25519{}, circl768{}},
	{&specs[1], stdDH{std[1].dh.(stdDH).curve, ErrPoint}, circl768{}},
	{&specs[2], stdDH{std[2].dh.(stdDH).curve, ErrPoint}, circl1024{}},
	{&specs[3], circlX25519{}, nil},
}

// circlUnfit says why circl is no candidate on this machine, "" if it is one.
func circlUnfit() string {
	// Without them its arithmetic is plain Go, and whether that is faster was never measured.
	if !cpu.X86.HasAVX2 || !cpu.X86.HasBMI2 || !cpu.X86.HasADX {
		return "this processor has not AVX2, BMI2 and ADX, which circl is fast with"
	}
	return ""
}

type circlX25519 struct{}

func (circlX25519) generate(k *dhKey, share []byte) error {
	_, _ = rand.Read(k.scalar[:]) // never fails: it ends the process instead
	x25519.KeyGen((*x25519.Key)(share), (*x25519.Key)(&k.scalar))
	return nil
}

func (circlX25519) finish(k *dhKey, peer, secret []byte) error {
	ok := x25519.Shared((*x25519.Key)(secret), (*x25519.Key)(&k.scalar), (*x25519.Key)(peer))
	// circl knows the points of low order. What must not be is the result (RFC 8446 §7.4.2).
	if !ok || zero(secret) {
		return ErrLowOrder
	}
	return nil
}

func (d circlX25519) serve(peer, share, secret []byte) error {
	var k dhKey
	defer clear(k.scalar[:])
	if err := d.generate(&k, share); err != nil {
		return err
	}
	return d.finish(&k, peer, secret)
}

type circl768 struct{}

func (circl768) generate(k *kemKey, ek []byte) error {
	public, dk := mlkem768.NewKeyFromSeed(k.seed[:])
	public.Pack(ek)
	k.dk = dk
	return nil
}

func (circl768) encapsulate(ek, ct, ss []byte) error {
	var m [mlkem768.EncapsulationSeedSize]byte
	_, _ = rand.Read(m[:])
	defer clear(m[:])
	return encapsulate768(ek, ct, ss, m[:])
}

// encapsulate768 is ML-KEM.Encaps_internal after the check of FIPS 203 §7.2.
func encapsulate768(ek, ct, ss, m []byte) error {
	var key mlkem768.PublicKey
	if key.Unpack(ek) != nil {
		return ErrEncapsulation
	}
	key.EncapsulateTo(ct, ss, m)
	return nil
}

func (circl768) decapsulate(k *kemKey, ct, ss []byte) error {
	dk, ok := k.dk.(*mlkem768.PrivateKey)
	if !ok {
		return errForeignKey
	}
	dk.DecapsulateTo(ss, ct)
	return nil
}

type circl1024 struct{}

func (circl1024) generate(k *kemKey, ek []byte) error {
	public, dk := mlkem1024.NewKeyFromSeed(k.seed[:])
	public.Pack(ek)
	k.dk = dk
	return nil
}

func (circl1024) encapsulate(ek, ct, ss []byte) error {
	var m [mlkem1024.EncapsulationSeedSize]byte
	_, _ = rand.Read(m[:])
	defer clear(m[:])
	return encapsulate1024(ek, ct, ss, m[:])
}

// encapsulate1024 is ML-KEM.Encaps_internal after the check of FIPS 203 §7.2.
func encapsulate1024(ek, ct, ss, m []byte) error {
	var key mlkem1024.PublicKey
	if key.Unpack(ek) != nil {
		return ErrEncapsulation
	}
	key.EncapsulateTo(ct, ss, m)
	return nil
}

func (circl1024) decapsulate(k *kemKey, ct, ss []byte) error {
	dk, ok := k.dk.(*mlkem1024.PrivateKey)
	if !ok {
		return errForeignKey
	}
	dk.DecapsulateTo(ss, ct)
	return nil
}

// wipeDecapsulationKey wipes what can be reached of a key: z, and H(ek). The vector lies
// behind a pointer that circl keeps to itself.
func wipeDecapsulationKey(dk any) {
	switch dk := dk.(type) {
	case *mlkem768.PrivateKey:
		*dk = mlkem768.PrivateKey{}
	case *mlkem1024.PrivateKey:
		*dk = mlkem1024.PrivateKey{}
	}
}
