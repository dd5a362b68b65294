package conn

import (
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
	"github.com/ringwire/ringwire/mem"
)

// hoarder takes nothing, and answers much.
type hoarder struct{}

func (hoarder) OnData(c *Conn, p []byte) int {
	if c.Output().Len() == 0 {
		_, _ = c.Output().Write(make([]byte, 5000))
		c.SetDeadline(c.Loop().Now() + int64(time.Second))
	}
	return 0
}
func (hoarder) OnEnd(*Conn, error)   {}
func (hoarder) OnDrain(*Conn)        {}
func (hoarder) OnTimeout(*Conn)      {}
func (hoarder) OnShutdown(c *Conn)   { c.Close() }
func (hoarder) OnClose(*Conn, error) {}

// An audit tells the worst of what there is.
func TestAudit(t *testing.T) {
	s := sim.New(sim.Config{})
	alloc := mem.NewAllocator(mem.Config{})
	l := NewLoop(Config{Driver: s, Alloc: alloc, Accept: func(*Conn) Handler { return hoarder{} }})
	_ = s.Listen(s.NewListener())
	s.Begin(l)
	for range 3 {
		s.Dial()
	}
	p := s.Dial()
	_, _ = p.Write(make([]byte, 300))
	s.RunUntilIdle()
	if a := l.Audit(); a != (Audit{Serving: 4, Output: 5000, Kept: 300, Overdue: a.Overdue}) || a.Overdue > 0 {
		t.Errorf("%+v, want 4 served, 5000 bytes of output, 300 kept, nothing overdue", a)
	}
	l.now += int64(1500 * time.Millisecond) // nobody has turned the wheel
	if a := l.Audit(); a.Overdue < 400*time.Millisecond || a.Overdue > 500*time.Millisecond {
		t.Errorf("%v overdue, want a little less than 500ms", a.Overdue)
	}
	s.Stop()
	s.Step()
	if err := alloc.Close(); err != nil {
		t.Error(err)
	}
}
