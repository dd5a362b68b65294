package keyexchange

import (
	"bytes"
	"testing"
)

// Whoever is client and whoever is server, they agree, and on the group's sizes.
func TestExchange(t *testing.T) {
	eachWay(t, func(t *testing.T, client *impl) {
		for name, server := range ways(client.group.index()) {
			offer, c := offer(t, client)
			answer, theirs, err := server.serve(offer, []byte("before"), []byte("earlier"))
			if err != nil {
				t.Fatalf("%s as server: %v", name, err)
			}
			if !bytes.HasPrefix(answer, []byte("before")) || !bytes.HasPrefix(theirs, []byte("earlier")) {
				t.Errorf("%s as server does not append: %x, %x", name, answer[:6], theirs[:7])
			}
			answer, theirs = answer[6:], theirs[7:]
			ours, err := c.Finish(client.group, answer, []byte("x"))
			if err != nil {
				t.Fatalf("with %s as server: %v", name, err)
			}
			if !bytes.Equal(ours[1:], theirs) || ours[0] != 'x' {
				t.Errorf("with %s as server: the client has %x, the server %x", name, ours[1:], theirs)
			}
			wantOffer, wantAnswer, wantSecret := client.group.Sizes()
			if len(offer) != wantOffer || len(answer) != wantAnswer || len(theirs) != wantSecret {
				t.Errorf("sizes %d, %d, %d, want %d, %d, %d", len(offer), len(answer), len(theirs), wantOffer, wantAnswer, wantSecret)
			}
		}
	})
}

// RFC 9954 §3.2: a client may offer the ECDH part of a hybrid beside it, with the same key.
func TestECDHPartFinishes(t *testing.T) {
	eachWay(t, func(t *testing.T, client *impl) {
		offer, c := offer(t, client)
		part, point := client.group.ECDH(offer)
		answer, theirs, err := Serve(part, point, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := c.Finish(part, answer, nil)
		if err != nil || !bytes.Equal(ours, theirs) {
			t.Errorf("the client has %x, %v, the server %x", ours, err, theirs)
		}
	})
}

func TestKeyIsForOneFinish(t *testing.T) {
	eachWay(t, func(t *testing.T, by *impl) {
		offer, c := offer(t, by)
		answer, _, err := by.serve(offer, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Finish(by.group, answer[1:], nil); err != ErrServerShareSize {
			t.Errorf("a share without its first byte gives %v, want %v", err, ErrServerShareSize)
		}
		if _, err := c.Finish(by.group, answer, nil); err != ErrNoKey {
			t.Errorf("a second Finish gives %v, want %v: a failed one must use the key up", err, ErrNoKey)
		}
	})
	var c Client
	if _, err := c.Generate(X25519, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Finish(P256, make([]byte, 65), nil); err != ErrNoKey {
		t.Errorf("Finish for another group gives %v, want %v", err, ErrNoKey)
	}
}

func TestWipe(t *testing.T) {
	eachWay(t, func(t *testing.T, by *impl) {
		offer, c := offer(t, by)
		answer, _, err := by.serve(offer, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Finish(by.group, answer, nil); err != nil {
			t.Fatal(err)
		}
		if *c != (Client{}) {
			t.Errorf("Finish leaves %+v", *c)
		}
	})
}

// Every size but the right one is refused, and nothing is written.
func TestServerShareSize(t *testing.T) {
	eachWay(t, func(t *testing.T, by *impl) {
		_, want, _ := by.group.Sizes()
		for _, n := range []int{0, 1, by.point, by.ct, want - 1, want + 1} {
			if n == want {
				continue
			}
			_, c := offer(t, by)
			secret := make([]byte, 3, 3+MaxSecret)
			out, err := c.Finish(by.group, make([]byte, n), secret)
			if err != ErrServerShareSize || len(out) != 3 {
				t.Errorf("%d bytes, want %d: %v and %d bytes of secret", n, want, err, len(out))
			}
		}
	})
}

// A ciphertext that was tampered with is not found out here: both sides have different secrets,
// always the same one for the same ciphertext, whoever computes (FIPS 203 §6.3).
func TestImplicitRejection(t *testing.T) {
	for i := range specs {
		if !specs[i].kem() {
			continue
		}
		a, b := twins(t, i)
		answer := make([]byte, specs[i].point+specs[i].ct)
		peer, _ := offer(t, &std[specs[i].ecdh.index()])
		point, _ := specs[i].split(answer, specs[i].point)
		copy(point, peer)
		x, errX := a.Finish(specs[i].group, answer, nil)
		y, errY := b.Finish(specs[i].group, answer, nil)
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			t.Errorf("%v: %x, %v and %x, %v", specs[i].group, x, errX, y, errY)
		}
	}
}

func TestUnknownGroup(t *testing.T) {
	var c Client
	if share, err := c.Generate(9, []byte("x")); err != ErrGroup || string(share) != "x" {
		t.Errorf("Generate gives %q, %v, want %v", share, err, ErrGroup)
	}
	if share, secret, err := Serve(9, nil, []byte("x"), []byte("y")); err != ErrGroup || string(share) != "x" || string(secret) != "y" {
		t.Errorf("Serve gives %q, %q, %v, want %v", share, secret, err, ErrGroup)
	}
}
