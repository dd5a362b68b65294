package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/ringwire/ringwire"
)

func testStream() *stream {
	return &stream{self: 1, wake: make(chan struct{}, 1), peers: map[uint64]*peer{}, topic: ringwire.NewTopic(ringwire.TopicConfig{})}
}

func frame(from, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, from), seq)
}

// numbers are those of all that is to be sent.
func (s *stream) numbers() (seqs []uint64) {
	for f := s.next(); f != nil; f = s.next() {
		seqs = append(seqs, binary.BigEndian.Uint64(f[8:]))
	}
	return seqs
}

// TestRewind: on a new connection everything is sent again, before what is new.
func TestRewind(t *testing.T) {
	s := testStream()
	for range 3 {
		if err := s.publish([]byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(s.numbers()); got != "[1 2 3]" {
		t.Errorf("it sends %s, want [1 2 3]", got)
	}
	s.received(frame(1, 1))
	s.rewind()
	_ = s.publish(nil)
	if got := fmt.Sprint(s.numbers()); got != "[1 2 3 4]" {
		t.Errorf("it sends %s again, want [1 2 3 4], because others may not have 1", got)
	}
	if c := s.stats(); c.Waiting != 3 || s.bytes != 8 || s.kept != 4 {
		t.Errorf("one has come back: %+v, %d and %d bytes", c, s.bytes, s.kept)
	}
}

// TestInOrder: what a process says comes once and in order; what is missing is counted.
func TestInOrder(t *testing.T) {
	s, passed := testStream(), ""
	for _, f := range [][2]uint64{{7, 5}, {7, 6}, {8, 1}, {7, 6}, {7, 5}, {7, 9}, {7, 8}, {8, 2}} {
		if s.inOrder(f[0], f[1], time.Now()) {
			passed += fmt.Sprint(f)
		}
	}
	if passed != "[7 5][7 6][8 1][7 9][8 2]" {
		t.Errorf("passed on: %s", passed)
	}
	if want := (counts{Received: 5, Repeated: 3, Gaps: 1, Lost: 2}); s.count != want {
		t.Errorf("counted %+v, want %+v", s.count, want)
	}
}

// TestBounded: nothing grows without an end: what waits is refused, what has come back is forgotten.
func TestBounded(t *testing.T) {
	s := testStream()
	for range maxWaiting {
		if err := s.publish(nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.publish(nil); err != errFull || s.stats().Refused != 1 {
		t.Errorf("one too many: %v, %+v", err, s.stats())
	}
	s.numbers()
	for seq := uint64(1); seq <= maxWaiting; seq++ {
		s.received(frame(1, seq))
		if s.back > 2*history || s.sent != len(s.out) {
			t.Fatalf("at %d: %d kept of %d, %d sent", seq, s.back, len(s.out), s.sent)
		}
	}
	if s.stats().Waiting != 0 || len(s.out) < history {
		t.Errorf("all have come back: %+v, %d kept, want %d at least", s.stats(), len(s.out), history)
	}
	if err := s.publish([]byte("x")); err != nil || fmt.Sprint(s.numbers()) != fmt.Sprint([]uint64{maxWaiting + 1}) {
		t.Errorf("then it does not go on: %v", err)
	}
}

func TestBoundedBytes(t *testing.T) {
	s, text := testStream(), make([]byte, maxBytes/4)
	for range 4 {
		if err := s.publish(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.publish(text); err != errFull {
		t.Errorf("more than %d bytes wait: %v", maxBytes, err)
	}
	s.received(frame(1, 4))
	for range 4 {
		if err := s.publish(text); err != nil {
			t.Fatal(err)
		}
	}
	s.received(frame(1, 6))
	if s.kept > maxBytes || s.bytes != 2*len(text) || len(s.out)-s.back != 2 {
		t.Errorf("%d bytes are kept, %d wait in %d of %d messages", s.kept, s.bytes, len(s.out)-s.back, len(s.out))
	}
	if s.rewind(); fmt.Sprint(s.numbers()) != "[3 4 5 6 7 8]" {
		t.Error("the wrong ones were dropped")
	}
}

func TestForget(t *testing.T) {
	s, now := testStream(), time.Unix(0, 0)
	for id := range uint64(maxPeers + 10) {
		s.inOrder(id, 1, now.Add(time.Duration(id)))
	}
	if len(s.peers) != maxPeers || s.peers[9] != nil || s.peers[10] == nil {
		t.Errorf("%d processes are remembered, want the latest %d", len(s.peers), maxPeers)
	}
}

func TestAppendEvent(t *testing.T) {
	got := appendEvent(nil, 0x0102, 3, []byte(`say "hi"`))
	if want := `{"from":"0000000000000102","seq":3,"text":"say \"hi\""}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whatever comes from NATS, numbers only rise, and the account is right.
func FuzzReceived(f *testing.F) {
	f.Add(append(frame(1, 1), "text"...))
	f.Add(frame(2, 0))
	f.Add(frame(1, 1<<64-1))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, p []byte) {
		s := testStream()
		_ = s.publish([]byte("a"))
		s.received(p)
		s.received(bytes.Clone(p))
		c := s.stats()
		if c.Received > 1 || len(p) >= frameHead && c.Received+c.Repeated != 2 || c.Lost != 0 || s.bytes+s.kept != 1 {
			t.Errorf("twice % x: %+v, %d and %d bytes", p, c, s.bytes, s.kept)
		}
	})
}
