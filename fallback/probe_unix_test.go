//go:build unix

package fallback

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestProbeList: a socket that is read from in each tick is left alone; a silent one is
// read from once, after a whole tick.
func TestProbeList(t *testing.T) {
	l := newLoop(t, Config{})
	s := &socket{attached: true}
	s.l, s.io, s.receiving = l, s, true
	busy := &socket{attached: true}
	busy.l, busy.io, busy.receiving = l, busy, true

	p := &l.sockets.probes
	p.watch(s)
	p.watch(s)
	p.watch(busy)
	if len(p.list) != 2 || p.next != probeTick {
		t.Fatalf("%d sockets watched until %d", len(p.list), p.next)
	}
	l.now = probeTick - 1
	l.sockets.probe(l)
	if p.tick != 0 {
		t.Fatal("the tick ended too early")
	}
	l.now = probeTick
	l.sockets.probe(l) // both were read from in it
	if l.todo.len() != 0 || len(p.list) != 2 {
		t.Fatalf("%d reads after the first tick", l.todo.len())
	}
	p.watch(busy)
	l.now = 2 * probeTick
	l.sockets.probe(l)
	if l.todo.len() != 1 || l.todo.pop() != &s.conn {
		t.Fatal("the silent socket was not read from")
	}
	if len(p.list) != 1 || p.list[0] != busy {
		t.Fatal("the busy socket is not watched any more")
	}
	busy.receiving = false
	l.now = 3 * probeTick
	l.sockets.probe(l)
	if len(p.list) != 0 || p.next != 0 || l.todo.len() != 0 {
		t.Error("a paused socket is still watched")
	}
}

// endClock notes when Ended came.
type endClock struct {
	echo
	ended chan error
}

func (e *endClock) Received(uint32, []byte)    {}
func (e *endClock) Ended(id uint32, err error) { e.ended <- err; e.l.Close(id) }
func (e *endClock) Sent(uint32, int, error)    {}
func (e *endClock) Closed(uint32)              {}

// TestEndIsPrompt: the end that comes with the bytes makes no edge of its own, and is still
// seen within a few ticks.
func TestEndIsPrompt(t *testing.T) {
	l := newLoop(t, Config{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(ln); err != nil {
		t.Fatal(err)
	}
	e := &endClock{echo: *newEcho(l), ended: make(chan error, 1)}
	run(t, l, e)
	for range 50 {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, _ = io.WriteString(c, "bye")
		_ = c.Close()
		select {
		case err := <-e.ended:
			if err != io.EOF {
				t.Fatalf("Ended(%v)", err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("the end was never seen")
		}
		if d := time.Since(began); d > 3*time.Second { // a few ticks, on a busy machine
			t.Errorf("the end was seen after %v", d)
		}
	}
}
