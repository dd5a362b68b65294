package conntest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
)

// pair makes a connection for Adopt, and its far end.
func (r *rig) pair() (net.Conn, Peer) {
	r.t.Helper()
	nc, p, err := r.h.Connect()
	if err != nil {
		r.t.Fatalf("connect: %v", err)
	}
	r.t.Cleanup(func() { _ = p.Close() })
	return nc, p
}

// take adopts nc on the loop, and goes on as the default application does with what was
// Opened. Nil if that fails.
func (r *rig) take(nc net.Conn) *session {
	id, err := r.d.Adopt(nc)
	if err != nil {
		r.t.Errorf("Adopt: %v", err)
		_ = nc.Close()
		return nil
	}
	s := r.session(id)
	r.onOpened(s)
	return s
}

// adopt is pair and take.
func (r *rig) adopt() (p Peer, s *session) {
	r.t.Helper()
	nc, p := r.pair()
	r.do(func() { s = r.take(nc) })
	if s == nil {
		r.t.FailNow()
	}
	return p, s
}

// testAdopt: adopted connections are as accepted ones, beside such.
func testAdopt(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	accepted := r.connect()
	r.exchange(accepted, []byte("accepted"))
	var peers []Peer
	var outs [][]byte
	for i := range 10 {
		p, s := r.adopt()
		r.do(func() {
			remote, local := r.d.RemoteAddr(s.id), r.d.LocalAddr(s.id)
			if r.h.Addresses != remote.IsValid() || r.h.Addresses != local.IsValid() || r.h.Addresses && remote != p.LocalAddr() {
				t.Errorf("addresses %v and %v; the peer is %v", remote, local, p.LocalAddr())
			}
		})
		peers = append(peers, p)
		outs = append(outs, pattern(10_000<<(i%5), byte(i)))
	}
	r.exchangeAll(append(peers, accepted), append(outs, pattern(100_000, 77)))
	for _, p := range peers {
		_ = p.Close()
	}
	r.await(func() bool { return len(r.conns) == 1 }, "Closed of all that were adopted")
	r.exchange(accepted, []byte("still there"))
}

// testAdoptPaused: bytes and an end that came before wait for Receive.
func testAdoptPaused(t *testing.T, f Factory) {
	r := start(t, f)
	if !r.h.HalfClose {
		t.Skip("what is written to a pipe waits in its writer")
	}
	nc, p := r.pair()
	out := pattern(10_000, 3)
	r.write(p, out)
	_ = p.CloseWrite()
	var s *session
	r.do(func() {
		r.onOpened = func(*session) {}
		s = r.take(nc)
	})
	r.settle()
	r.do(func() {
		if s.got > 0 || s.ended != nil {
			t.Errorf("%d bytes, then %v, before Receive", s.got, s.ended)
		}
		r.d.Receive(s.id)
	})
	r.await(func() bool { return s.ended != nil }, "Ended")
	r.do(func() {
		if s.got != len(out) || s.ended != io.EOF {
			t.Errorf("%d of %d bytes, then %v", s.got, len(out), s.ended)
		}
		r.send(s, []byte("answer")) // our direction is open
	})
	r.read(p, len("answer"))
}

// testAdoptPeerGone: the peer left before, in each way. Nothing hangs, and Ended tells.
func testAdoptPeerGone(t *testing.T, f Factory) {
	r := start(t, f)
	for _, reset := range []bool{false, true} {
		if reset && !r.h.Resets {
			continue
		}
		for range 5 {
			nc, p := r.pair()
			if reset {
				p.Reset()
			} else {
				_ = p.Close()
			}
			r.settle()
			var s *session
			r.do(func() { s = r.take(nc) })
			if s == nil {
				t.FailNow()
			}
			r.await(func() bool { return s.ended != nil }, "Ended")
			r.do(func() {
				if (s.ended == io.EOF) == reset {
					t.Errorf("Ended(%v), reset %v", s.ended, reset)
				}
				r.d.Close(s.id)
			})
			r.await(func() bool { return s.closed == 1 }, "Closed")
		}
	}
}

// testAdoptEverywhere adopts from inside each callback.
func testAdoptEverywhere(t *testing.T, f Factory) {
	r := start(t, f)
	var next net.Conn
	var last *session
	where := ""
	in := func(name string) {
		if name != where || next == nil {
			return
		}
		nc := next
		next = nil
		if last = r.take(nc); last != nil {
			r.send(last, []byte("hello from "+name))
		}
	}
	hook := func(name string) func(*session) { return func(*session) { in(name) } }
	opened := func(s *session) {
		r.d.Receive(s.id)
		in("Opened")
	}
	r.do(func() {
		r.onOpened, r.onEnded, r.onSent = opened, hook("Ended"), hook("Sent")
		r.onReceived = func(s *session, _ []byte) { in("Received") }
		r.onClosed = hook("Closed")
		r.onTurn = func(int64) int64 { in("Turn"); return 0 }
	})
	for _, name := range []string{"Opened", "Received", "Sent", "Ended", "Closed", "Turn"} {
		nc, far := r.pair()
		r.do(func() { where, next = name, nc })
		p, s := r.dial()
		r.write(p, []byte("x"))
		r.do(func() { r.send(s, []byte("y")) })
		r.read(p, 1)
		r.await(func() bool { return !s.sending && s.got == 1 }, "a byte each way")
		_ = p.Close()
		r.await(func() bool { return s.ended != nil }, "Ended")
		r.do(func() { r.d.Close(s.id) })
		r.await(func() bool { return s.closed == 1 && last != nil }, "an adoption in "+name)
		if got := r.read(far, len("hello from "+name)); string(got) != "hello from "+name {
			t.Errorf("the adopted one's peer reads %q", got)
		}
		r.write(far, []byte("back"))
		r.await(func() bool { return last.got == 4 }, "bytes of the one adopted in "+name)
		r.do(func() { r.d.Close(last.id) })
		r.await(func() bool { return last.closed == 1 }, "Closed of the one adopted in "+name)
		last = nil
	}
}

// testAdoptMany: so many in one callback that what a driver keeps by id has to grow, within a
// callback for an older one.
func testAdoptMany(t *testing.T, f Factory) {
	r := start(t, f)
	const many = 300
	var ncs []net.Conn
	var peers []Peer
	for range many {
		nc, p := r.pair()
		ncs, peers = append(ncs, nc), append(peers, p)
	}
	p, s := r.dial()
	r.do(func() {
		r.onReceived = func(of *session, _ []byte) {
			if of != s || ncs == nil {
				return
			}
			for _, nc := range ncs {
				r.take(nc)
			}
			ncs = nil
			r.send(s, []byte("done"))
		}
	})
	r.write(p, []byte("go"))
	r.read(p, len("done"))
	for _, p := range peers {
		r.write(p, []byte("x"))
	}
	r.write(p, []byte("on"))
	r.await(func() bool {
		n := 0
		for _, s := range r.order {
			n += s.got
		}
		return n == many+len("go")+len("on")
	}, "a byte of each")
	r.do(func() {
		for _, s := range r.order {
			r.d.Close(s.id)
		}
	})
	r.await(func() bool { return len(r.conns) == 0 }, "Closed of all")
	_, s = r.dial()
	if s.id > many {
		t.Errorf("id %d although never more than %d were open", s.id, many+1)
	}
}

// testAdoptWithoutAccepting: it has nothing to do with listeners.
func testAdoptWithoutAccepting(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	r.do(func() { r.d.PauseAccept() })
	p, _ := r.adopt()
	r.exchange(p, []byte("accepting is paused"))
	r.do(func() { r.d.StopAccept() })
	p, _ = r.adopt()
	r.exchange(p, []byte("accepting has ended"))
}

// testAdoptDeadlines: what the dialer has set ends with it.
func testAdoptDeadlines(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	for _, d := range []time.Duration{-time.Hour, 20 * time.Millisecond} {
		nc, p := r.pair()
		_ = nc.SetDeadline(time.Now().Add(d))
		r.do(func() { r.take(nc) })
		for end := time.Now().Add(40 * time.Millisecond); time.Now().Before(end); {
			r.h.Progress()
		}
		r.exchange(p, pattern(100_000, 5))
	}
}

// testAdoptAndClose: at once, also with a send.
func testAdoptAndClose(t *testing.T, f Factory) {
	r := start(t, f)
	for i := range 12 {
		nc, p := r.pair()
		r.do(func() {
			if s := r.take(nc); s != nil {
				if i%4 == 0 {
					s.sending = true
					r.d.Send(s.id, [][]byte{make([]byte, r.h.huge())})
				}
				r.d.Close(s.id)
			}
		})
		if _, err := r.readAll(p); err == nil {
			t.Error("the peer sees no end")
		}
	}
	r.await(func() bool { return len(r.conns) == 0 }, "Closed of all")
}

// foreign is a net.Conn that no driver knows.
type foreign struct{ net.Conn }

// testAdoptRefused: an error leaves the connection to the caller, and takes no id.
func testAdoptRefused(t *testing.T, f Factory) {
	r := start(t, f)
	closed, _ := r.pair()
	_ = closed.Close()
	nc, p := r.pair()
	r.do(func() {
		if _, err := r.d.Adopt(nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Adopt(nil): %v", err)
		}
		if r.h.HalfClose { // of a pipe nobody can tell
			if _, err := r.d.Adopt(closed); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Adopt of a closed connection: %v", err)
			}
		}
		switch id, err := r.d.Adopt(foreign{nc}); {
		case err == nil:
			r.onOpened(r.session(id)) // a driver that takes everything
			nc = nil
		case !errors.Is(err, errors.ErrUnsupported):
			t.Errorf("Adopt(%T): %v", foreign{}, err)
		}
		if nc != nil {
			r.take(nc) // nothing has happened to it
		}
	})
	r.write(p, []byte("hello"))
	r.await(func() bool { return len(r.order) == 1 && r.order[0].got == 5 }, "bytes")
	r.do(func() {
		if id := r.order[0].id; id != 0 {
			t.Errorf("id %d: a refused one has kept its slot", id)
		}
	})
}

// testAdoptAndStop: adoptions around Stop are served to the end or refused, and nothing is left.
func testAdoptAndStop(t *testing.T, f Factory) {
	r := start(t, f)
	p, _ := r.adopt()
	var refused net.Conn
	var peers []Peer
	again := make([]net.Conn, 5)
	for i := range again {
		var far Peer
		again[i], far = r.pair()
		peers = append(peers, far)
	}
	adopting := func() {
		for _, nc := range again {
			id, err := r.d.Adopt(nc)
			switch {
			case err == nil:
				r.session(id)
			case !errors.Is(err, net.ErrClosed):
				t.Errorf("Adopt around Stop: %v", err)
			default:
				refused = nc
				_ = nc.Close()
			}
		}
		again = nil
	}
	r.do(func() {
		r.onClosed = func(*session) { adopting() } // the loop is on its way out
		r.d.Stop()
	})
	r.stop()
	if refused == nil {
		t.Error("a loop that ends has adopted")
	}
	for _, p := range append(peers, p) {
		if _, err := r.readAll(p); err == nil {
			t.Error("a peer sees no end")
		}
	}
}

// testAdoptBeforeRun: there are no callbacks yet, so there is nothing to adopt for.
func testAdoptBeforeRun(t *testing.T, f Factory) {
	h := f(t)
	nc, p, err := h.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := h.Driver.Adopt(nc); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Adopt before Run: %v", err)
	}
	k := NewChecker(h.Driver)
	r := &rig{t: t, h: h, d: k, conns: map[uint32]*session{}, done: make(chan error, 1)}
	r.onOpened = func(s *session) { r.d.Receive(s.id) }
	var adopted *session
	k.Post(conn.Task(k.Task(func() { adopted = r.take(nc) }))) // as it is to be done
	r.run()
	t.Cleanup(r.stop)
	r.write(p, bytes.Repeat([]byte("x"), 100))
	r.await(func() bool { return adopted != nil && adopted.got == 100 }, "bytes")
}
