package conn

import (
	"strings"
	"testing"
	"time"
)

// A loop gives memory back once it has had no traffic for a while, and then sleeps on.
func TestTrimWhenIdle(t *testing.T) {
	r := newRig(t)
	s := r.dial()
	s.onData = none
	r.recv(s.id, strings.Repeat("x", 5000))
	r.turn()
	s.onData = nil
	s.c.Redeliver()
	r.turn()
	free := 0
	for _, c := range r.alloc.Stats().Classes {
		free += c.Free
	}
	if free == 0 {
		t.Skip("a checking build keeps no buffers")
	}
	r.sleep(trimIdle / 2)
	r.recv(s.id, "still there")
	r.turn()
	r.sleep(trimIdle * 3 / 4)
	if r.alloc.Stats().Mapped == 0 {
		t.Error("trimmed so soon after traffic")
	}
	r.sleep(3 * trimIdle)
	if n := r.alloc.Stats().Mapped; n != 0 {
		t.Errorf("%d bytes are mapped although nothing has happened for long", n)
	}
	if r.wake != 0 {
		t.Errorf("an idle loop wakes up in %v", time.Duration(r.wake-r.now))
	}
	r.recv(s.id, "again")
	r.turn()
	if r.wake == 0 {
		t.Error("after new traffic nothing will be trimmed")
	}
}

// The garbage of many handshakes is collected when there is no traffic any more, once.
func TestTrimCollectsHandshakes(t *testing.T) {
	collected := 0
	before := collect
	collect = func() { collected++ }
	defer func() { collect = before }()
	r := newRig(t)
	s := r.dial()
	s.onData = none
	for _, c := range []struct{ handshakes, collected int }{{manyHandshakes - 1, 0}, {manyHandshakes, 1}, {manyHandshakes + 1, 1}, {2 * manyHandshakes, 2}} {
		r.loop.stats.Handshakes = uint64(c.handshakes)
		r.recv(s.id, "x")
		r.turn()
		r.sleep(3 * trimIdle)
		if collected != c.collected {
			t.Errorf("after %d handshakes collected %d times, want %d", c.handshakes, collected, c.collected)
		}
	}
}

// What is held is counted by what it is held for.
func TestAccounts(t *testing.T) {
	r := newRig(t)
	s := r.dial()
	s.onData = none
	r.recv(s.id, "half of a message")
	s.write("an answer")
	leased := map[string]int{}
	for _, a := range r.alloc.Stats().Accounts {
		leased[a.Name] = a.Leased
	}
	if leased["kept input"] != 1 || leased["output"] != 1 || leased[""] != 0 {
		t.Errorf("leased: %v", leased)
	}
}
