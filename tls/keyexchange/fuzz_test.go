package keyexchange

import (
	"bytes"
	"testing"
)

// Whatever a client sends, circl and the standard library take it or refuse it alike, with the same
// error, touch nothing but what they append to, and leave nothing when they refuse.
func FuzzServe(f *testing.F) {
	for i := range specs {
		share, _ := offer(f, &std[i])
		f.Add(byte(i), share)
		f.Add(byte(i), share[1:])
		f.Add(byte(i), make([]byte, len(share)))
		f.Add(byte(i), bytes.Repeat([]byte{0xff}, len(share)))
	}
	f.Fuzz(func(t *testing.T, at byte, share []byte) {
		i := int(at) % len(specs)
		sent := bytes.Clone(share)
		errs := map[string]error{}
		for name, by := range ways(i) {
			answer, secret, err := by.serve(share, []byte{1}, []byte{2})
			errs[name] = err
			wantAnswer, wantSecret := 1+by.point+by.ct, 1+by.coordinate+by.ss
			if err != nil {
				wantAnswer, wantSecret = 1, 1
				if _, ours := err.(*Error); !ours {
					t.Errorf("%s: %v is not the peer's error", name, err)
				}
			}
			if len(answer) != wantAnswer || len(secret) != wantSecret || answer[0] != 1 || secret[0] != 2 {
				t.Errorf("%s: %v with %d and %d bytes, want %d and %d", name, err, len(answer), len(secret), wantAnswer, wantSecret)
			}
			if err == nil && zero(secret[1:]) {
				t.Errorf("%s: the secret is all zero", name)
			}
		}
		if errCircl, has := errs[Circl]; has && errCircl != errs[Crypto] {
			t.Errorf("circl says %v, crypto %v", errCircl, errs[Crypto])
		}
		if !bytes.Equal(share, sent) {
			t.Error("the share was written to")
		}
	})
}

// Whatever a server answers, a client with the same key has the same secret, or the same error, from both.
func FuzzFinish(f *testing.F) {
	for i := range specs {
		share, _ := offer(f, &std[i])
		answer, _, err := std[i].serve(share, nil, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), answer)
		f.Add(byte(i), answer[1:])
		f.Add(byte(i), make([]byte, len(answer)))
		f.Add(byte(i), bytes.Repeat([]byte{0xff}, len(answer)))
	}
	f.Fuzz(func(t *testing.T, at byte, share []byte) {
		i := int(at) % len(specs)
		a, b := twins(t, i)
		x, errX := a.Finish(specs[i].group, share, nil)
		y, errY := b.Finish(specs[i].group, share, nil)
		if errX != errY || !bytes.Equal(x, y) {
			t.Errorf("crypto has %x, %v, circl %x, %v", x, errX, y, errY)
		}
		if errX == nil && len(x) != specs[i].coordinate+specs[i].ss {
			t.Errorf("%d bytes of secret", len(x))
		}
	})
}
