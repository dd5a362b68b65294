package sim

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// echo sends back what it receives and closes at the end.
type echo struct {
	s     *Sim
	out   map[uint32][]byte
	ended map[uint32]bool
	wait  time.Duration // Turn's deadline
	turns []int64
}

func begin(s *Sim) *echo {
	e := &echo{s: s, out: map[uint32][]byte{}, ended: map[uint32]bool{}}
	_ = s.Listen(s.NewListener())
	s.Begin(e)
	return e
}

func (e *echo) Opened(id uint32) { e.s.Receive(id) }
func (e *echo) Received(id uint32, p []byte) {
	e.s.Pause(id)
	idle := len(e.out[id]) == 0
	e.out[id] = append(bytes.Clone(e.out[id]), p...) // what is in flight stays untouched
	if idle {
		e.s.Send(id, [][]byte{e.out[id]})
	}
}
func (e *echo) Ended(id uint32, err error) {
	e.ended[id] = true
	if len(e.out[id]) == 0 || err != io.EOF {
		e.s.Close(id)
	}
}
func (e *echo) Sent(id uint32, n int, err error) {
	switch e.out[id] = e.out[id][min(n, len(e.out[id])):]; {
	case err != nil:
		e.s.Close(id)
	case len(e.out[id]) > 0:
		e.s.Send(id, [][]byte{e.out[id]})
	case e.ended[id]:
		e.s.Close(id)
	default:
		e.s.Receive(id)
	}
}
func (e *echo) Closed(id uint32)   { delete(e.out, id); delete(e.ended, id) }
func (e *echo) AcceptFailed(error) {}
func (e *echo) Turn(now int64) int64 {
	e.turns = append(e.turns, now)
	if e.wait > 0 {
		return now + int64(e.wait)
	}
	return 0
}

// talk runs a fixed dialogue and returns the trace of everything that happened.
func talk(t *testing.T, seed uint64, faults Faults) string {
	t.Helper()
	var trace strings.Builder
	s := New(Config{Seed: seed, Faults: faults, Trace: &trace})
	begin(s)
	var peers []*Peer
	got := make([][]byte, 5)
	for range got {
		peers = append(peers, s.Dial())
	}
	buf := make([]byte, 1000)
	for round := range 200 {
		for i, p := range peers {
			if round < 20 {
				_, _ = p.Write(fmt.Appendf(nil, "%d:%d;", i, round))
			}
			n, _ := p.Read(buf)
			got[i] = append(got[i], buf[:n]...)
			fmt.Fprintf(&trace, "peer %d reads %q\n", i, buf[:n])
		}
		s.Step()
	}
	s.RunUntilIdle()
	for i, p := range peers {
		n, _ := p.Read(buf)
		got[i] = append(got[i], buf[:n]...)
		var want []byte
		for round := range 20 {
			want = fmt.Appendf(want, "%d:%d;", i, round)
		}
		if faults.Reset == 0 && !bytes.Equal(got[i], want) {
			t.Errorf("seed %d, peer %d: read %q, want %q", seed, i, got[i], want)
		}
	}
	s.Stop()
	s.Step()
	if n := s.Open(); n != 0 {
		t.Errorf("seed %d: %d connections open after Stop", seed, n)
	}
	for _, m := range s.Misuse() {
		t.Errorf("seed %d: misuse: %s", seed, m)
	}
	return trace.String()
}

// TestRepeats: the seed decides everything.
func TestRepeats(t *testing.T) {
	for seed := range uint64(20) {
		first, second := talk(t, seed, Hostile), talk(t, seed, Hostile)
		if first != second {
			t.Errorf("seed %d gives two different runs", seed)
		}
	}
	if talk(t, 1, Rough) == talk(t, 2, Rough) {
		t.Error("different seeds give the same run")
	}
}

// TestFaultsHappen: over some seeds each fault is seen, so that the suite means something.
func TestFaultsHappen(t *testing.T) {
	var all strings.Builder
	for seed := range uint64(20) {
		all.WriteString(talk(t, seed, Hostile))
	}
	for _, want := range []string{"out of buffers", "accept failed: too many open files", "reset", "connection reset by peer", "completion queue overflows"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("in no run: %q", want)
		}
	}
}

func TestAdvance(t *testing.T) {
	s := New(Config{})
	e := begin(s)
	e.wait = time.Second
	began := s.Time()
	s.Step() // nothing yet: the first Turn asked for nothing
	s.Post(task(func() {}))
	s.RunUntilIdle()
	turns := len(e.turns)
	s.Advance(10*time.Second + time.Millisecond)
	if got := len(e.turns) - turns; got != 10 {
		t.Errorf("%d turns in 10 s with a deadline each second", got)
	}
	if d := time.Duration(s.Time() - began); d != 10*time.Second+time.Millisecond {
		t.Errorf("time went on by %v", d)
	}
}

type task func()

func (t task) RunTask() { t() }

// TestMisuse: what the contract forbids is noted.
func TestMisuse(t *testing.T) {
	for _, c := range []struct {
		want string
		do   func(s *Sim)
	}{
		{"one is in flight", func(s *Sim) { s.Send(0, [][]byte{{1}}); s.Send(0, [][]byte{{2}}) }},
		{"after CloseWrite", func(s *Sim) { s.CloseWrite(0); s.Send(0, [][]byte{{1}}) }},
		{"of 17 buffers", func(s *Sim) { s.Send(0, make([][]byte, 17)) }},
		{"after Close", func(s *Sim) { s.Close(0); s.Receive(0) }},
		{"not open", func(s *Sim) { s.Send(9, nil) }},
		{"changed before Sent", func(s *Sim) {
			b := []byte{1, 2, 3}
			s.Send(0, [][]byte{b})
			b[1] = 9
		}},
		{"changed before Close", func(s *Sim) {
			b := []byte{1, 2, 3}
			s.Send(0, [][]byte{b})
			b[1] = 9
			s.Close(0)
		}},
	} {
		s := New(Config{})
		begin(s)
		s.Dial()
		s.RunUntilIdle()
		s.Post(task(func() { c.do(s) }))
		s.RunUntilIdle()
		if m := strings.Join(s.Misuse(), "\n"); !strings.Contains(m, c.want) {
			t.Errorf("misuse %q does not tell of %q", m, c.want)
		}
	}
}

// stubborn sends in every Turn, also while the loop ends.
type stubborn struct{ *echo }

func (u stubborn) Turn(int64) int64 {
	if len(u.s.links) > 0 && u.s.links[0] != nil {
		u.s.Receive(0)
	}
	return 0
}

// TestStopIsNoMisuse: nobody can know that Stop has closed a connection before its Closed.
func TestStopIsNoMisuse(t *testing.T) {
	s := New(Config{})
	e := begin(s)
	s.ev = stubborn{e}
	s.Dial()
	s.Dial()
	s.RunUntilIdle()
	s.Stop()
	s.Step()
	if m := s.Misuse(); len(m) > 0 {
		t.Errorf("misuse: %q", m)
	}
}

// TestRun: a server that calls Run on its own goroutine can be stepped from the test.
func TestRun(t *testing.T) {
	s := New(Config{Seed: 1, Faults: Rough})
	e := &echo{s: s, out: map[uint32][]byte{}, ended: map[uint32]bool{}}
	ln := s.NewListener()
	_ = s.Listen(ln)
	done := make(chan error)
	go func() { done <- s.Run(e) }()
	<-s.Begun()
	p := s.Dial()
	_, _ = p.Write([]byte("hello"))
	s.RunUntilIdle()
	b := make([]byte, 10)
	if n, err := p.Read(b); string(b[:n]) != "hello" || err != nil {
		t.Errorf("read %q, %v", b[:n], err)
	}
	s.Stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := p.Read(b); err == nil {
		t.Error("the peer sees no end after Stop")
	}
	if _, err := ln.Accept(); err == nil {
		t.Error("the listener was not closed")
	}
	if s.Post(task(func() {})) || s.Step() {
		t.Error("the loop goes on after Stop")
	}
}
