package keyexchange

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
	"errors"
)

// std are the standard library's ways, for every group.
var std = [len(specs)]impl{
	{&specs[0], stdDH{ecdh.X25519(), ErrLowOrder}, std768{}},
	{&specs[1], stdDH{ecdh.P256(), ErrPoint}, std768{}},
	{&specs[2], stdDH{ecdh.P384(), ErrPoint}, std1024{}},
	{&specs[3], stdDH{ecdh.X25519(), ErrLowOrder}, nil},
	{&specs[4], stdDH{ecdh.P256(), ErrPoint}, nil},
	{&specs[5], stdDH{ecdh.P384(), ErrPoint}, nil},
}

type stdDH struct {
	curve ecdh.Curve
	bad   *Error // what is wrong with a share of the right size that the curve refuses
}

func (d stdDH) generate(k *dhKey, share []byte) (err error) {
	k.std, err = d.curve.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	copy(share, k.std.PublicKey().Bytes())
	return nil
}

func (d stdDH) finish(k *dhKey, peer, secret []byte) error {
	public, err := d.curve.NewPublicKey(peer)
	if err != nil {
		return d.bad
	}
	z, err := k.std.ECDH(public) // fails for an all-zero result of X25519
	if err != nil {
		return d.bad
	}
	copy(secret, z)
	clear(z)
	return nil
}

func (d stdDH) serve(peer, share, secret []byte) error {
	var k dhKey
	if err := d.generate(&k, share); err != nil {
		return err
	}
	return d.finish(&k, peer, secret)
}

type std768 struct{}

func (std768) generate(k *kemKey, ek []byte) error {
	dk, err := mlkem.NewDecapsulationKey768(k.seed[:])
	if err != nil {
		return err
	}
	copy(ek, dk.EncapsulationKey().Bytes())
	k.dk = dk
	return nil
}

func (std768) encapsulate(ek, ct, ss []byte) error {
	key, err := mlkem.NewEncapsulationKey768(ek)
	if err != nil {
		return ErrEncapsulation
	}
	shared, ciphertext := key.Encapsulate()
	move(ct, ciphertext)
	move(ss, shared)
	return nil
}

func (std768) decapsulate(k *kemKey, ct, ss []byte) error {
	return stdDecapsulate(k, ct, ss)
}

type std1024 struct{}

func (std1024) generate(k *kemKey, ek []byte) error {
	dk, err := mlkem.NewDecapsulationKey1024(k.seed[:])
	if err != nil {
		return err
	}
	copy(ek, dk.EncapsulationKey().Bytes())
	k.dk = dk
	return nil
}

func (std1024) encapsulate(ek, ct, ss []byte) error {
	key, err := mlkem.NewEncapsulationKey1024(ek)
	if err != nil {
		return ErrEncapsulation
	}
	shared, ciphertext := key.Encapsulate()
	move(ct, ciphertext)
	move(ss, shared)
	return nil
}

func (std1024) decapsulate(k *kemKey, ct, ss []byte) error {
	return stdDecapsulate(k, ct, ss)
}

func stdDecapsulate(k *kemKey, ct, ss []byte) error {
	dk, ok := k.dk.(interface{ Decapsulate([]byte) ([]byte, error) })
	if !ok {
		return errForeignKey
	}
	shared, err := dk.Decapsulate(ct)
	if err != nil {
		return err
	}
	move(ss, shared)
	return nil
}

// errForeignKey is a defect of this package: one library's key in the hands of another.
var errForeignKey = errors.New("keyexchange: the key is another library's")

// move copies src and wipes it.
func move(dst, src []byte) {
	copy(dst, src)
	clear(src)
}
