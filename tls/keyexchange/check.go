package keyexchange

import (
	"bytes"
	"errors"
	"fmt"
)

// check lets two ways of computing a group find out whether they are the same: each makes
// what the other one takes, from one seed they make one key, and both refuse what must
// be refused. A panic is an answer like any other.
func check(a, b *impl) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if err := exchange(a, b); err != nil {
		return fmt.Errorf("as the client: %w", err)
	}
	if err := exchange(b, a); err != nil {
		return fmt.Errorf("as the server: %w", err)
	}
	if a.kem != nil {
		if err := checkKEM(a.kem, b.kem, a.spec); err != nil {
			return err
		}
	}
	return checkRefusals(a, b)
}

// exchange lets them make one secret.
func exchange(client, server *impl) error {
	var c Client
	defer c.Wipe()
	offer, err := c.generate(client, nil)
	if err != nil {
		return err
	}
	answer, theirs, err := server.serve(offer, nil, nil)
	if err != nil {
		return err
	}
	ours, err := c.Finish(client.group, answer, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(ours, theirs) || zero(ours) {
		return errors.New("the two sides have different secrets")
	}
	clear(ours)
	clear(theirs)
	return nil
}

// checkKEM compares what two implementations make of one seed: the same encapsulation key, and
// the same secret of a ciphertext that was tampered with (implicit rejection, FIPS 203
// §6.3), which no whole exchange shows.
func checkKEM(a, b kem, s *spec) error {
	var ka, kb kemKey
	for i := range ka.seed {
		ka.seed[i] = byte(i)
	}
	kb.seed = ka.seed
	ekA, ekB := make([]byte, s.ek), make([]byte, s.ek)
	ct, ss := make([]byte, s.ct), make([]byte, s.ss)
	ssA, ssB := make([]byte, s.ss), make([]byte, s.ss)
	err := errors.Join(a.generate(&ka, ekA), b.generate(&kb, ekB))
	if err != nil {
		return err
	}
	if !bytes.Equal(ekA, ekB) {
		return errors.New("one seed gives two encapsulation keys")
	}
	if err := a.encapsulate(ekA, ct, ss); err != nil {
		return err
	}
	ct[0] ^= 1
	if err := errors.Join(a.decapsulate(&ka, ct, ssA), b.decapsulate(&kb, ct, ssB)); err != nil {
		return err
	}
	if !bytes.Equal(ssA, ssB) || bytes.Equal(ssA, ss) {
		return errors.New("a ciphertext that was tampered with gives another secret")
	}
	return nil
}

// checkRefusals shows both what a peer must not send: a bad point, a bad encapsulation key.
func checkRefusals(a, b *impl) error {
	var c Client
	defer c.Wipe()
	for _, by := range []*impl{a, b} {
		offer, err := c.generate(b, nil)
		if err != nil {
			return err
		}
		point, ek := by.split(offer, by.point)
		if by.kem != nil {
			// The first coefficient, 12 bits, becomes 4095: q is 3329.
			first, second := ek[0], ek[1]
			ek[0], ek[1] = 0xff, second|0x0f
			if _, _, err := by.serve(offer, nil, nil); err != ErrEncapsulation {
				return fmt.Errorf("an encapsulation key that is not reduced gives %v", err)
			}
			ek[0], ek[1] = first, second
		}
		clear(point) // on no NIST curve, and of low order on Curve25519
		if _, _, err := by.serve(offer, nil, nil); err != ErrPoint && err != ErrLowOrder {
			return fmt.Errorf("a point of zeros gives %v", err)
		}
	}
	return nil
}
