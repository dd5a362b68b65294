//go:build linux

package main

import (
	"bytes"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/websock"
)

// All pieces of a conversation give the same answer.
func TestFramesInPieces(t *testing.T) {
	key := [4]byte{1, 2, 3, 4}
	request := websock.Request("h", websock.EchoPath, false)
	var in, want []byte
	for _, n := range []int{0, 1, 125, 126, 400} {
		p := bytes.Repeat([]byte{byte(n)}, n)
		in = websock.AppendMasked(in, websock.Fin|websock.Binary, p, key)
		want = append(websock.AppendHeader(want, websock.Fin|websock.Binary, n, nil), p...)
	}
	in = websock.AppendMasked(in, websock.Fin|websock.Ping, []byte("x"), key)
	want = append(want, websock.Fin|websock.Pong, 1, 'x')
	for size := 1; size <= len(in); size += 1 + size/4 {
		var s stream
		var got []byte
		for _, whole := range [][]byte{request, in} {
			for rest := bytes.Clone(whole); len(rest) > 0; {
				n := min(size, len(rest))
				s.feed(rest[:n])
				clear(rest[:n]) // the buffer goes back to the ring
				rest = rest[n:]
				got = append(got, s.take()...)
			}
		}
		if !bytes.Equal(got, append([]byte(websock.Switching), want...)) {
			t.Fatalf("in pieces of %d: %d bytes % .60x", size, len(got), got)
		}
	}
}

func TestFramesStopAtNonsense(t *testing.T) {
	s := stream{upgraded: true}
	s.feed([]byte{0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0})
	if !s.broken || len(s.take()) > 0 {
		t.Errorf("a length of 63 bits: %+v", s)
	}
}

// What goes out must not be what comes to the same buffer.
func TestTakeIsUntilTheNext(t *testing.T) {
	s := stream{upgraded: true}
	frame := func(b byte) []byte {
		return websock.AppendMasked(nil, websock.Fin|websock.Binary, []byte{b}, [4]byte{})
	}
	s.feed(frame('a'))
	first := s.take()
	s.feed(frame('b'))
	if first[2] != 'a' {
		t.Errorf("the send in flight has become % x", first)
	}
	if second := s.take(); second[2] != 'b' {
		t.Errorf("then % x", second)
	}
}

// In the steady state nothing is allocated.
func TestFramesDoNotAllocate(t *testing.T) {
	s := stream{upgraded: true}
	frame := websock.AppendMasked(nil, websock.Fin|websock.Binary, make([]byte, 64), [4]byte{1, 2, 3, 4})
	if n := testing.AllocsPerRun(100, func() {
		s.feed(frame)
		s.take()
		s.feed(frame[:10])
		s.feed(frame[10:])
		s.take()
	}); n != 0 {
		t.Errorf("%v allocations for a message that comes whole and one in pieces", n)
	}
}

func BenchmarkFrames(b *testing.B) {
	s := stream{upgraded: true}
	frame := websock.AppendMasked(nil, websock.Fin|websock.Binary, make([]byte, 64), [4]byte{1, 2, 3, 4})
	for b.Loop() {
		s.feed(frame)
		if len(s.take()) != 66 {
			b.Fatal("no echo")
		}
	}
}
