//go:build linux

package main

import (
	"math/rand/v2"
	"strings"
	"testing"
)

var streams = []string{
	"", "\r\n\r\n", "x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a\n\nb\r\n\r", "\r\n\r\n\r\n\r\n", "\r\n\r\n\r\n",
	"\r\r\n\r\n", "\r\n\r\r\n\r\n", "\n\r\n\r\n", "\r\n\n\r\n\r\n", "a\r\nb\r\nc\r\n", "\n\r\n", "\r\n\rx\r\n\r\n",
	strings.Repeat("GET /pipeline HTTP/1.1\r\nHost: bench\r\n\r\n", 16),
}

func TestCountWhole(t *testing.T) {
	for _, s := range streams {
		var m matcher
		if got, want := m.count([]byte(s)), strings.Count(s, terminator); got != want {
			t.Errorf("%q: %d terminators, want %d", s, got, want)
		}
	}
}

func TestCountInPieces(t *testing.T) {
	for _, s := range streams {
		want := strings.Count(s, terminator)
		for size := 1; size <= min(len(s), 9); size++ {
			var m matcher
			got := 0
			for rest := []byte(s); len(rest) > 0; {
				n := min(size, len(rest))
				got += m.count(rest[:n])
				rest = rest[n:]
			}
			if got != want {
				t.Errorf("%q in pieces of %d: %d terminators, want %d", s, size, got, want)
			}
		}
	}
}

func TestCountRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const alphabet = "\r\n\r\nx"
	for range 20_000 {
		s := make([]byte, rnd.IntN(24))
		for i := range s {
			s[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		var m matcher
		cut := rnd.IntN(len(s) + 1)
		got := m.count(s[:cut])
		got += m.count(s[cut:])
		if want := strings.Count(string(s), terminator); got != want {
			t.Fatalf("%q cut at %d: %d terminators, want %d", s, cut, got, want)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	request := []byte("GET /pipeline HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n")
	var m matcher
	for b.Loop() {
		if m.count(request) != 1 {
			b.Fatal("no terminator")
		}
	}
}
