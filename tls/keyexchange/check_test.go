package keyexchange

import (
	"strings"
	"testing"
)

// faultyDH and faultyKEM are the standard library's with one thing wrong.
type faultyDH struct {
	dh
	generated, finished, served func(share, secret []byte) error
}

func (f faultyDH) generate(k *dhKey, share []byte) error {
	return then(f.dh.generate(k, share), f.generated, share, nil)
}

func (f faultyDH) finish(k *dhKey, peer, secret []byte) error {
	return then(f.dh.finish(k, peer, secret), f.finished, peer, secret)
}

func (f faultyDH) serve(peer, share, secret []byte) error {
	return then(f.dh.serve(peer, share, secret), f.served, share, secret)
}

type faultyKEM struct {
	kem
	generated, encapsulated, decapsulated func(ct, ss []byte) error
}

func (f faultyKEM) generate(k *kemKey, ek []byte) error {
	return then(f.kem.generate(k, ek), f.generated, ek, nil)
}

func (f faultyKEM) encapsulate(ek, ct, ss []byte) error {
	return then(f.kem.encapsulate(ek, ct, ss), f.encapsulated, ct, ss)
}

func (f faultyKEM) decapsulate(k *kemKey, ct, ss []byte) error {
	return then(f.kem.decapsulate(k, ct, ss), f.decapsulated, ct, ss)
}

func then(err error, spoil func(a, b []byte) error, a, b []byte) error {
	if spoil == nil {
		return err
	}
	if wrong := spoil(a, b); wrong != nil {
		return wrong
	}
	if err == ErrLowOrder || err == ErrEncapsulation {
		return nil // only the faults that accept everything get here with one
	}
	return err
}

func flipSecret(_, secret []byte) error { secret[0] ^= 1; return nil }
func flipShare(share, _ []byte) error   { share[5] ^= 1; return nil }
func zeroSecret(_, secret []byte) error { clear(secret); return nil }
func accept(_, _ []byte) error          { return nil }
func panics(_, _ []byte) error          { panic("index out of range") }

var faults = map[string]struct {
	dh   faultyDH
	kem  faultyKEM
	want string
}{
	"another public key":     {faultyDH{generated: flipShare}, faultyKEM{}, "different secrets"},
	"another secret":         {faultyDH{finished: flipSecret}, faultyKEM{}, "as the client: the two sides have different secrets"},
	"zero secret":            {faultyDH{finished: zeroSecret}, faultyKEM{}, "different secrets"},
	"another served secret":  {faultyDH{served: flipSecret}, faultyKEM{}, "as the server: the two sides have different secrets"},
	"another served share":   {faultyDH{served: flipShare}, faultyKEM{}, "as the server: the two sides have different secrets"},
	"takes low order":        {faultyDH{served: accept}, faultyKEM{}, "a point of zeros gives <nil>"},
	"panics":                 {faultyDH{finished: panics}, faultyKEM{}, "panic: index out of range"},
	"another key":            {faultyDH{}, faultyKEM{generated: flipShare}, "different secrets"},
	"another key of a seed":  {faultyDH{}, faultyKEM{}, "one seed gives two"},
	"another ciphertext":     {faultyDH{}, faultyKEM{encapsulated: flipShare}, "different secrets"},
	"another KEM secret":     {faultyDH{}, faultyKEM{encapsulated: flipSecret}, "different secrets"},
	"another decapsulation":  {faultyDH{}, faultyKEM{decapsulated: flipSecret}, "different secrets"},
	"takes any key":          {faultyDH{}, faultyKEM{encapsulated: accept}, "not reduced gives <nil>"},
	"panics in the KEM":      {faultyDH{}, faultyKEM{encapsulated: panics}, "panic: index out of range"},
	"wrong on rejected ones": {faultyDH{}, faultyKEM{}, "tampered with"},
}

// A library that errs in any of these ways is out, and the reason says how. The group is
// the standard library's from then on.
func TestPlantedFaults(t *testing.T) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			good := &std[X25519MLKEM768.index()]
			f.dh.dh, f.kem.kem = good.dh, good.kem
			fast := impl{good.spec, f.dh, f.kem}
			switch name {
			case "wrong on rejected ones":
				fast.kem = wrongRejection{good.kem, new(bool)}
			case "another key of a seed":
				fast.kem = otherSeed{good.kem}
			}
			s := slot{std: *good, fast: fast}
			if s.get() != &s.std || s.provider != Crypto {
				t.Fatalf("the group is %s's: %s", s.provider, s.why)
			}
			if !strings.HasPrefix(s.why, "circl is disabled, its cross-check") || !strings.Contains(s.why, f.want) {
				t.Errorf("the reason is %q, want one with %q", s.why, f.want)
			}
		})
	}
}

// wrongRejection is right about every ciphertext that was not tampered with, as a library would be that
// derives its rejected secrets differently: it errs with the fixed seed of checkKEM only.
type wrongRejection struct {
	kem
	fixed *bool
}

func (w wrongRejection) generate(k *kemKey, ek []byte) error {
	*w.fixed = k.seed[0] == 0 && k.seed[1] == 1 && k.seed[2] == 2
	return w.kem.generate(k, ek)
}

func (w wrongRejection) decapsulate(k *kemKey, ct, ss []byte) error {
	err := w.kem.decapsulate(k, ct, ss)
	if *w.fixed {
		ss[0] ^= 1
	}
	return err
}

// otherSeed makes keys that are good, but not those of their seeds.
type otherSeed struct{ kem }

func (o otherSeed) generate(k *kemKey, ek []byte) error {
	k.seed[0] ^= 1
	return o.kem.generate(k, ek)
}

// Where the standard library refuses, nobody computes: circl is not a way around a policy.
func TestNoGroupWithoutStandardLibrary(t *testing.T) {
	good := std[X25519.index()]
	refusing := good
	refusing.dh = faultyDH{dh: good.dh, generated: func(_, _ []byte) error { return ErrGroup }}
	s := slot{std: refusing, fast: good}
	if s.get() != nil || s.provider != "" || !strings.Contains(s.why, ErrGroup.Error()) {
		t.Errorf("%q computes: %s", s.provider, s.why)
	}
}

// What is planted into the process shows in everything that is exported.
func TestPlantedFaultShows(t *testing.T) {
	i := X25519.index()
	saved := slots
	t.Cleanup(func() { slots = saved })
	slots = newSlots()
	slots[i].unfit = ""
	slots[i].fast = std[i]
	slots[i].fast.dh = faultyDH{dh: std[i].dh, finished: flipSecret}
	if provider, why := ProviderOf(X25519); provider != Crypto || !strings.Contains(why, "different secrets") {
		t.Errorf("%s computes: %s", provider, why)
	}
	var c Client
	share, err := c.Generate(X25519, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, theirs, err := Serve(X25519, share, nil, nil); err != nil {
		t.Error(err)
	} else if ours, err := c.Finish(X25519, answer, nil); err != nil || string(ours) != string(theirs) {
		t.Errorf("the standard library does not take over: %x, %x, %v", ours, theirs, err)
	}
}
