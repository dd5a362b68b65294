package conn

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// served lists the connections that have a handler, by id.
func (r *rig) served() string {
	var ids []string
	for _, s := range r.conns {
		if s.closed == 0 {
			ids = append(ids, fmt.Sprint(s.id))
		}
	}
	return strings.Join(ids, " ")
}

// TestPark: connections above MaxConns wait, unread and unserved, in order of arrival.
func TestPark(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxConns = 2 })
	r.dial()
	want(t, r.took(), "receive 0", "there is room for another")
	r.dial()
	want(t, r.took(), "receive 1, pauseaccept", "the limit is reached")
	for range 3 {
		r.accept() // they were on their way
	}
	if text := r.took(); strings.Contains(text, "receive") {
		t.Errorf("above the limit: %s", text)
	}
	want(t, r.served(), "0 1", "the limit is 2")
	if st := r.loop.Stats(); st.Open != 5 || st.Parked != 3 || st.Accepted != 5 {
		t.Errorf("stats %+v", st)
	}
	for _, step := range []struct{ end, served string }{{"0", "1 2"}, {"1", "2 3"}, {"2", "3 4"}} {
		r.conns[step.end[0]-'0'].c.Abort(nil)
		r.reap()
		want(t, r.served(), step.served, "who waited longest comes next")
	}
	if text := r.took(); strings.Contains(text, "resumeaccept") {
		t.Errorf("at the limit: %s", text)
	}
	r.conns[3].c.Abort(nil)
	r.reap()
	want(t, r.took(), "close 3, resumeaccept", "there is room again, and nobody waits")
	if st := r.loop.Stats(); st.Open != 1 || st.Parked != 0 {
		t.Errorf("stats %+v", st)
	}
}

// TestParkedFails: a connection that breaks while it waits makes no room for another.
func TestParkedFails(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxConns = 1 })
	a := r.dial()
	broken, waiting := r.accept(), r.accept()
	r.end(broken, syscall.ECONNRESET)
	r.settle()
	want(t, r.served(), "0", "the limit is 1 and nobody served has ended")
	again := r.accept() // in the slot of the broken one
	if again != broken {
		t.Fatalf("slot %d, want %d", again, broken)
	}
	a.c.Close()
	r.settle()
	want(t, r.served(), fmt.Sprint(waiting), "it has waited longer than who came into the slot of the broken one")
	r.conns[1].c.Close()
	r.settle()
	want(t, r.served(), fmt.Sprint(again), "its turn has come")
}

// TestMaxConnsAlways: over a long random life the limit holds, and nobody is forgotten.
func TestMaxConnsAlways(t *testing.T) {
	const most = 3
	r := newRig(t, func(c *Config) { c.MaxConns = most })
	x := uint32(1)
	random := func(n int) int { x ^= x << 13; x ^= x >> 17; x ^= x << 5; return int(x) % n }
	for range 5000 {
		switch random(4) {
		case 0, 1:
			if !r.paused || random(10) == 0 {
				r.accept()
			}
		case 2:
			if id := random(8); id < len(r.links) && r.links[id].open && !r.links[id].closing {
				r.end(uint32(id), syscall.ECONNRESET)
			}
		case 3:
			r.reap()
		}
		st := r.loop.Stats()
		serving := len(strings.Fields(r.served()))
		if serving > most || serving != st.Open-st.Parked {
			t.Fatalf("%d connections are served, stats %+v", serving, st)
		}
		if r.settle(); r.loop.Stats().Parked > 0 && len(strings.Fields(r.served())) < most {
			t.Fatalf("connections wait although %s only are served", r.served())
		}
		if st := r.loop.Stats(); st.Open < most && r.paused {
			t.Fatalf("%d connections are open, and accepting is paused", st.Open)
		}
	}
}

// TestParkedAtStop: connections that wait when the driver stops are not served any more.
func TestParkedAtStop(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxConns = 1 })
	r.dial()
	r.accept()
	r.accept()
	for id, c := range r.links {
		c.closing = true
		r.closed(uint32(id))
	}
	if n := len(r.conns); n != 1 {
		t.Errorf("%d connections were served, want the first only", n)
	}
}

// TestShutdown: no more are accepted, each is asked to end, and the last one stops the driver.
func TestShutdown(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxConns = 3 })
	idle, busy, closing := r.dial(), r.dial(), r.dial()
	parked := r.accept()
	busy.onShut = func() {}
	closing.write("x")
	closing.c.Close()
	r.took()
	r.loop.Shutdown()
	r.loop.Shutdown()
	if !r.loop.ShuttingDown() || !r.deaf {
		t.Error("connections are still accepted")
	}
	want(t, idle.took(), "shutdown", "it is open")
	want(t, busy.took(), "shutdown", "it is open")
	want(t, closing.took(), "", "it is on its way out")
	if !r.links[parked].closing {
		t.Error("a connection that was not served yet stays")
	}
	r.settle()
	late := r.accept() // it was on its way
	r.settle()
	if r.links[late].open || len(r.conns) != 3 {
		t.Error("a connection was served after Shutdown")
	}
	want(t, r.served(), "1", "it is busy")
	if r.stopped {
		t.Error("stopped before the last connection ended")
	}
	busy.c.Close()
	r.settle()
	if !r.stopped {
		t.Error("the last connection has ended, but the driver was not stopped")
	}
	if text := r.took(); strings.Contains(text, "resumeaccept") {
		t.Errorf("accepting went on after Shutdown: %s", text)
	}
}

func TestShutdownWhenEmpty(t *testing.T) {
	r := newRig(t)
	r.loop.Shutdown()
	if !r.stopped {
		t.Error("there is nothing to wait for")
	}
}

// TestShutdownFromHandler: a handler may ask for it.
func TestShutdownFromHandler(t *testing.T) {
	r := newRig(t)
	a, b := r.dial(), r.dial()
	a.onData = func(p []byte) int { r.loop.Shutdown(); return len(p) }
	r.recv(0, "shutdown")
	r.settle()
	if a.closed != 1 || b.closed != 1 || !r.stopped {
		t.Errorf("closed %d and %d times, stopped %v", a.closed, b.closed, r.stopped)
	}
}

// TestSlotReuse: a new connection has nothing of the one before it in the slot.
func TestSlotReuse(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxPending, c.HighWater = 4, 10 })
	a := r.dial()
	a.onData = none
	r.recv(0, "kept")
	a.write(strings.Repeat("x", 100))
	a.c.Congested()
	a.c.Pause()
	a.c.SetDeadline(r.now + int64(time.Second))
	a.c.Redeliver()
	r.turn()
	a.c.Redeliver()
	a.c.Flush()
	a.c.Abort(io.ErrUnexpectedEOF)
	r.reap() // no Turn: the list of those to look at still names the slot
	b := r.dial()
	if b.c != a.c {
		t.Fatal("the slot was not reused")
	}
	if !r.links[0].receiving {
		t.Error("it is not receiving: a flag is left")
	}
	if b.c.Kept() != 0 || b.c.Buffered() != 0 || b.c.Handler() != b {
		t.Errorf("kept %d, buffered %d, handler %v", b.c.Kept(), b.c.Buffered(), b.c.Handler())
	}
	if n := r.alloc.Stats().Leased; n != 0 {
		t.Errorf("%d leases are left", n)
	}
	_, _ = b.c.Output().WriteString("well, ")
	r.turn()
	if r.links[0].bufs != nil {
		t.Error("output left without Flush: the old connection's name is still on the list")
	}
	r.sleep(time.Minute)
	want(t, b.took(), "", "nobody has done anything with it yet")
	r.recv(0, "hi")
	b.write("hello")
	r.settle()
	want(t, b.took(), "data hi", "it works")
	want(t, string(r.links[0].wire), "well, hello", "it works")
	b.c.Close()
	r.settle()
	want(t, b.took(), "close <nil>", "the old connection's error is not its own")
}

// TestManyConns: growing moves no Conn, and ids lead to the right one.
func TestManyConns(t *testing.T) {
	const n = 5*pageSize + 1
	r := newRig(t)
	var at []*Conn
	for range n {
		at = append(at, r.dial().c)
	}
	for i, s := range r.conns {
		if at[i] != r.loop.conn(uint32(i)) || s.c != at[i] {
			t.Fatalf("connection %d has moved", i)
		}
		s.write(fmt.Sprint(i))
	}
	r.settle()
	for i := range r.conns {
		want(t, string(r.links[i].wire), fmt.Sprint(i), "that was written to it")
	}
}

func TestStats(t *testing.T) {
	var told []error
	r := newRig(t, func(c *Config) { c.AcceptFailed = func(err error) { told = append(told, err) } })
	a := r.dial()
	r.recv(0, "hello")
	a.write("hi")
	r.settle()
	r.ev.AcceptFailed(syscall.EMFILE)
	st := r.loop.Stats()
	if st.Open != 1 || st.Accepted != 1 || st.ReceivedBytes != 5 || st.SentBytes != 2 || st.AcceptErrors != 1 {
		t.Errorf("stats %+v", st)
	}
	if len(told) != 1 || !errors.Is(told[0], syscall.EMFILE) {
		t.Errorf("told of %v", told)
	}
	newRig(t).ev.AcceptFailed(syscall.EMFILE) // nobody wants to know
}

// TestNow is the driver's time, in tasks too.
func TestNow(t *testing.T) {
	r := newRig(t)
	r.now += 12345
	r.loop.Post(taskFunc(func() {
		if got := r.loop.Now(); got != r.now {
			t.Errorf("in a task it is %d, want %d", got, r.now)
		}
	}))
	if r.loop.Driver() != Driver(r.fake) || r.loop.Alloc() != r.alloc {
		t.Error("the loop has another driver or allocator")
	}
	r.loop.Stop()
	if !r.stopped {
		t.Error("Stop does not reach the driver")
	}
}

type taskFunc func()

func (f taskFunc) RunTask() { f() }

// TestAcceptMayAbort: the maker of handlers can turn a connection away.
func TestAcceptMayAbort(t *testing.T) {
	r := newRig(t)
	r.setup = func(s *script) { s.c.Abort(io.ErrClosedPipe) }
	a := r.dial()
	want(t, r.took(), "close 0", "it was turned away unread")
	r.settle()
	want(t, a.took(), "close io: read/write on closed pipe", "that is why")
}

// nullDriver is a fake that keeps no account of sends, so that it allocates nothing.
type nullDriver struct {
	*fake
	total int
}

func (d *nullDriver) Send(_ uint32, bufs [][]byte) {
	for _, b := range bufs {
		d.total += len(b)
	}
}
func (d *nullDriver) Receive(uint32) {}

// TestSteadyStateAllocatesNothing: messages in one piece, in two, and under congestion.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	if n := testing.AllocsPerRun(10, func() { a.Lease(100).Release() }); n > 0 {
		t.Skip("leases allocate in this checking build")
	}
	d := &nullDriver{fake: &fake{t: t, now: 1}}
	message := []byte(strings.Repeat("m", 100))
	answer := []byte(strings.Repeat("a", 3000))
	q := &quiet{script: &script{}}
	q.onData = func(c *Conn, p []byte) int {
		c.SetDeadline(c.Loop().Now() + int64(time.Second))
		if len(p) < len(message) {
			return 0
		}
		_, _ = c.Output().Write(answer)
		c.Flush()
		c.Congested()
		return len(message)
	}
	l := NewLoop(Config{Driver: d, Alloc: a, HighWater: 1000, Accept: func(*Conn) Handler { return q }})
	_ = l.Run()
	l.Opened(0)
	n := testing.AllocsPerRun(1000, func() {
		l.Received(0, message)
		l.Received(0, message[:40])
		l.Received(0, message[40:])
		d.now += int64(time.Millisecond)
		l.Turn(d.now)
		l.Sent(0, d.total, nil)
		d.total = 0
		l.Turn(d.now)
	})
	if n != 0 {
		t.Errorf("%v allocations for two messages", n)
	}
	if st := l.Stats(); st.SentBytes != 1001*6000 || a.Stats().Leased != 0 {
		t.Errorf("%d bytes were sent, %d leases are out", st.SentBytes, a.Stats().Leased)
	}
	// A connection's whole life allocates nothing either, its handler aside.
	n = testing.AllocsPerRun(100, func() {
		l.Opened(1)
		l.Received(1, message)
		l.Turn(d.now)
		l.Sent(1, d.total, nil)
		d.total = 0
		l.Closed(1)
	})
	if n != 0 || q.closed != 101 {
		t.Errorf("%v allocations for a connection; %d of 101 were closed", n, q.closed)
	}
}
