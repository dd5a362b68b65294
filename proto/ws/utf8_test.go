package ws

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

// Of every sequence of bytes: it is refused at the very byte from which on no text can begin with it.
func TestUTF8FailsFast(t *testing.T) {
	var extend func(s utf8State, sofar []byte)
	extend = func(s utf8State, sofar []byte) {
		for c := range 256 {
			next, p := s, append(sofar, byte(c))
			ok := next.write(p[len(p)-1:])
			if begins := utf8.Valid(p) || !utf8.FullRune(p); ok != begins { // what is wrong already is full
				t.Fatalf("% x: %t", p, ok)
			}
			if ok && next.done() != utf8.Valid(p) {
				t.Fatalf("% x: done is %t", p, next.done())
			}
			if ok && !next.done() {
				extend(next, p)
			}
		}
	}
	extend(utf8State{}, make([]byte, 0, 4))
}

// Cut anywhere, a text is a text.
func TestUTF8InTwo(t *testing.T) {
	const text = "aä€😀"
	for i := range len(text) {
		for j := i; j <= len(text); j++ {
			var s utf8State
			if !s.write([]byte(text[:i])) || !s.write([]byte(text[i:j])) || !s.write([]byte(text[j:])) || !s.done() {
				t.Errorf("refused in pieces of %d, %d and %d bytes", i, j-i, len(text)-j)
			}
		}
	}
}

func FuzzUTF8(f *testing.F) {
	for _, s := range []string{"", "a", "κόσμε", "\xed\xa0\x80", "\xf4\x90\x80\x80", "日本語\xe6", "\xf0\x9f\x98\x80", "abc\xff", "\xc3\x28"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, p []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		bytewise, valid := utf8State{}, true
		for i := range p {
			if valid = bytewise.step(p[i]); !valid {
				break
			}
		}
		var s utf8State
		ok := true
		for rest := p; ok && len(rest) > 0; {
			n := 1 + rnd.IntN(min(len(rest), 9))
			ok, rest = s.write(rest[:n]), rest[n:]
		}
		if ok != valid || ok && s.done() != bytewise.done() {
			t.Fatalf("%q: in pieces %t, bytewise %t", p, ok, valid)
		}
		if whole := valid && bytewise.done(); whole != utf8.Valid(p) {
			t.Fatalf("%q: %t, want %t", p, whole, utf8.Valid(p))
		}
	})
}
