package sim

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// What befalls who dials with a key does not depend on who else does.
func TestDialAs(t *testing.T) {
	fate := func(others int) string {
		var trace strings.Builder
		s := New(Config{Seed: 3, Faults: Rough, Delay: 5 * time.Millisecond})
		begin(s)
		p := s.DialAs(77)
		for i := range others {
			s.DialAs(uint64(i)).Write([]byte("noise"))
		}
		_, _ = p.Write(bytes.Repeat([]byte("0123456789"), 100))
		b := make([]byte, 2000)
		for i := 0; i < 1000 && s.Step(); i++ {
			if n, _ := p.Read(b); n > 0 {
				trace.Write(b[:n])
				trace.WriteByte('|')
			}
		}
		return trace.String()
	}
	alone := fate(0)
	if !strings.Contains(alone, "|") || alone != fate(20) {
		t.Errorf("alone it reads %q, with others %q", alone, fate(20))
	}
}

// A peer is told of bytes, of room and of the end, when there is something to see.
func TestOnChange(t *testing.T) {
	s := New(Config{Window: 100})
	begin(s)
	p := s.Dial()
	told, got := 0, 0
	p.OnChange(func() { told++ })
	b := make([]byte, 1000)
	left := bytes.Repeat([]byte("x"), 500)
	for i := 0; got < 500; i++ {
		if i == 1000 {
			t.Fatalf("after %d notices %d of 500 bytes have come back", told, got)
		}
		before := told
		n, _ := p.Write(left)
		left = left[n:]
		for told == before && s.Step() {
		}
		n, _ = p.Read(b)
		got += n
	}
	before := told
	_ = p.CloseWrite()
	s.RunUntilIdle()
	if _, err := p.Read(b); err == nil || told == before {
		t.Errorf("the end: %v, after %d notices", err, told-before)
	}
}

func TestStepUntil(t *testing.T) {
	s := New(Config{})
	e := begin(s)
	e.wait = time.Second
	s.Post(task(func() {}))
	began := s.Time()
	turns := len(e.turns)
	for s.StepUntil(began + int64(1500*time.Millisecond)) {
	}
	if n := len(e.turns) - turns; n != 2 || s.Time() != began+int64(1500*time.Millisecond) {
		t.Errorf("%d turns, and the time is %v later; want 2 and 1.5s", n, time.Duration(s.Time()-began))
	}
	if s.Ended() {
		t.Error("it has ended without Stop")
	}
	s.Stop()
	if s.Step(); !s.Ended() {
		t.Error("it goes on after Stop")
	}
}

// raceAfterClose sends much through a small window and closes: the bytes are the driver's until Closed.
func raceAfterClose(race int, meddle bool) (afterClose int, misuse string) {
	s := New(Config{Seed: 1, Window: 1000, Faults: Faults{Race: race, Late: 1000}})
	begin(s)
	p := s.Dial()
	s.RunUntilIdle()
	out := bytes.Repeat([]byte("y"), 5000)
	s.Post(task(func() { s.Send(0, [][]byte{out}) }))
	s.RunUntilIdle()
	b := make([]byte, 5000)
	first, _ := p.Read(b)
	s.Post(task(func() {
		s.Close(0)
		if meddle {
			clear(out)
		}
	}))
	s.RunUntilIdle()
	second, _ := p.Read(b)
	if first != 1000 || bytes.Contains(b[:second], []byte{0}) && !meddle {
		panic("not what was sent")
	}
	return second, strings.Join(s.Misuse(), "\n")
}

// TestRace: with the fault a send in flight goes on after Close, and who reuses its bytes is found.
func TestRace(t *testing.T) {
	if n, m := raceAfterClose(0, false); n != 0 || m != "" {
		t.Errorf("without the fault %d bytes come after Close; misuse %q", n, m)
	}
	if n, m := raceAfterClose(1000, false); n != 1000 || m != "" {
		t.Errorf("with it %d bytes come after Close, want the window's 1000; misuse %q", n, m)
	}
	if _, m := raceAfterClose(0, true); !strings.Contains(m, "changed before Closed") {
		t.Errorf("bytes were reused before Closed: misuse %q", m)
	}
}
