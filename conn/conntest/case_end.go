package conntest

import (
	"bytes"
	"io"
	"testing"
)

func testPeerEnds(t *testing.T, f Factory) {
	r := start(t, f)
	p, s := r.dial()
	_ = p.Close()
	r.await(func() bool { return s.ended != nil }, "Ended")
	r.do(func() {
		if s.ended != io.EOF {
			t.Errorf("Ended(%v) after the peer's close, want io.EOF", s.ended)
		}
		if s.closed > 0 {
			t.Error("Closed without Close")
		}
		r.d.Close(s.id)
	})
	r.await(func() bool { return s.closed == 1 }, "Closed")
}

// testPeerEndsWithBytes: bytes and the end right behind them may be one event to the
// system; neither may get lost, and the end must not wait for anything else.
func testPeerEndsWithBytes(t *testing.T, f Factory) {
	r := start(t, f)
	for i := range 50 {
		p := r.connect()
		r.write(p, []byte("last words"))
		if i%2 == 0 && r.h.HalfClose {
			_ = p.CloseWrite()
		} else {
			_ = p.Close()
		}
	}
	r.await(func() bool {
		n := 0
		for _, s := range r.order {
			if s.ended != nil {
				n++
			}
		}
		return n == 50
	}, "Ended of each connection")
	r.do(func() {
		for _, s := range r.order {
			if s.got != len("last words") || s.ended != io.EOF {
				t.Errorf("id %d: %d bytes, then %v", s.id, s.got, s.ended)
			}
		}
	})
}

func testSendAfterPeersEnd(t *testing.T, f Factory) {
	r := start(t, f)
	if !r.h.HalfClose {
		t.Skip("no half-close here")
	}
	p, s := r.dial()
	_ = p.CloseWrite()
	r.await(func() bool { return s.ended == io.EOF }, "Ended")
	out := pattern(1<<20, 7)
	r.do(func() {
		r.onSent = func(s *session) { r.d.Close(s.id) }
		r.send(s, out)
	})
	got, err := r.readAll(p)
	if !bytes.Equal(got, out) || err != io.EOF {
		t.Errorf("the peer read %d of %d bytes, then %v", len(got), len(out), err)
	}
}

// testCloseWrite: the FIN comes after the send in flight, and receiving goes on.
func testCloseWrite(t *testing.T, f Factory) {
	r := start(t, f)
	if !r.h.HalfClose {
		t.Skip("no half-close here")
	}
	for _, size := range []int{-1, 0, 10, 8 << 20} {
		p, s := r.dial()
		out := pattern(max(size, 0), 9)
		r.do(func() {
			switch {
			case size > 0:
				r.send(s, out)
			case size == 0:
				r.send(s) // of nothing is a send in flight, too
			}
			r.d.CloseWrite(s.id)
			r.d.CloseWrite(s.id) // idempotent
		})
		got, err := r.readAll(p)
		if !bytes.Equal(got, out) || err != io.EOF {
			t.Errorf("the peer read %d of %d bytes, then %v", len(got), len(out), err)
		}
		r.write(p, []byte("still there"))
		r.await(func() bool { return s.got == len("still there") }, "bytes after CloseWrite")
		_ = p.Close()
		r.await(func() bool { return s.ended != nil }, "Ended")
		r.do(func() { r.d.Close(s.id) })
	}
}

func testPeerResets(t *testing.T, f Factory) {
	r := start(t, f)
	if !r.h.Resets {
		t.Skip("no resets here")
	}
	for i := range 10 {
		p, s := r.dial()
		if i%2 == 1 {
			r.write(p, []byte("bytes before"))
		}
		p.Reset()
		r.await(func() bool { return s.ended != nil }, "Ended")
		r.do(func() {
			if s.ended == io.EOF {
				t.Error("a reset looks like an orderly end")
			}
			r.send(s, []byte("into the void"))
		})
		r.await(func() bool { return !s.sending }, "Sent")
		r.do(func() {
			if o := s.sent[0]; o.err == nil {
				t.Errorf("Sent(%d, nil) on a connection that was reset", o.n)
			}
			r.d.Close(s.id)
		})
		r.await(func() bool { return s.closed == 1 }, "Closed")
	}
}

// testPeerResetsWhilePaused: the reset is found when the connection is used again.
func testPeerResetsWhilePaused(t *testing.T, f Factory) {
	r := start(t, f)
	if !r.h.Resets {
		t.Skip("no resets here")
	}
	p, s := r.dial()
	r.do(func() { r.d.Pause(s.id) })
	p.Reset()
	r.settle()
	r.do(func() { r.d.Receive(s.id) })
	r.await(func() bool { return s.ended != nil }, "Ended after Receive")
	r.do(func() {
		if s.ended == io.EOF {
			t.Error("a reset looks like an orderly end")
		}
	})
}

func testPeerClosesMidSend(t *testing.T, f Factory) {
	r := start(t, f)
	p, s := r.dial()
	total := r.h.huge()
	out := make([]byte, total)
	r.do(func() { s.sending = true; r.d.Send(s.id, [][]byte{out}) })
	r.read(p, 1000)
	_ = p.Close()
	r.await(func() bool { return !s.sending }, "Sent")
	r.do(func() {
		if o := s.sent[0]; o.err == nil || o.n >= total {
			t.Errorf("Sent(%d, %v) of %d bytes that nobody read", o.n, o.err, total)
		}
		r.d.Close(s.id)
	})
}

// testCloseMidSend: Close cancels the send; after Closed its bytes are free. The checker
// destroys them then.
func testCloseMidSend(t *testing.T, f Factory) {
	r := start(t, f)
	var p Peer
	p, s := r.dial()
	out := bytes.Repeat([]byte{'x'}, r.h.huge())
	r.do(func() { s.sending = true; r.d.Send(s.id, [][]byte{out}) })
	r.read(p, 1000)
	r.do(func() { r.d.Close(s.id); r.d.Close(s.id) })
	r.await(func() bool { return s.closed == 1 }, "Closed")
	got, _ := r.readAll(p)
	if n := bytes.IndexFunc(got, func(c rune) bool { return c != 'x' }); n >= 0 {
		t.Errorf("the peer reads a byte of freed memory after %d", n)
	}
	r.do(func() {
		if len(s.sent) > 0 {
			t.Errorf("Sent%v after Close", s.sent)
		}
	})
}

// testCloseEverywhere closes from inside each callback.
func testCloseEverywhere(t *testing.T, f Factory) {
	r := start(t, f)
	where := ""
	closeIn := func(name string) func(*session) {
		return func(s *session) {
			if where == name {
				r.d.Close(s.id)
			}
		}
	}
	r.do(func() {
		r.onOpened = func(s *session) {
			r.d.Receive(s.id)
			closeIn("Opened")(s)
		}
		r.onReceived = func(s *session, p []byte) {
			if s.got == len("hello") {
				r.send(s, []byte("hello"))
			}
			closeIn("Received")(s)
		}
		r.onSent, r.onEnded = closeIn("Sent"), closeIn("Ended")
	})
	for _, name := range []string{"Opened", "Received", "Sent", "Ended", "Turn"} {
		r.do(func() {
			where = name
			r.onTurn = func(int64) int64 {
				for _, s := range r.conns {
					if name == "Turn" && s.got > 0 {
						r.d.Close(s.id)
					}
				}
				return 0
			}
		})
		p, s := r.dial()
		if name != "Opened" {
			r.write(p, []byte("hello"))
		}
		if name == "Sent" || name == "Ended" {
			r.read(p, 5)
		}
		if name == "Ended" {
			_ = p.Close()
		}
		r.await(func() bool { return s.closed == 1 }, "Closed after Close in "+name)
	}
}

// testCloseDelivers: what was Sent arrives although Close follows at once.
func testCloseDelivers(t *testing.T, f Factory) {
	r := start(t, f)
	out := pattern(100<<10, 11)
	r.do(func() {
		r.onReceived = func(s *session, p []byte) {
			if s.got == 1 {
				r.send(s, out)
			}
		}
		r.onSent = func(s *session) { r.d.Close(s.id) }
	})
	for range 10 {
		p, _ := r.dial()
		r.write(p, []byte("?"))
		got, err := r.readAll(p)
		if !bytes.Equal(got, out) || err != io.EOF {
			t.Fatalf("the peer read %d of %d bytes, then %v", len(got), len(out), err)
		}
	}
}

// testDeadIds: commands for ids that are not open do nothing.
func testDeadIds(t *testing.T, f Factory) {
	r := start(t, f)
	if r.h.Virtual {
		t.Skip("package sim calls it misuse")
	}
	_, s := r.dial()
	r.do(func() { r.d.Close(s.id) })
	r.await(func() bool { return s.closed == 1 }, "Closed")
	r.do(func() {
		d := r.d.Driver // not the checker, which believes what it is told
		for _, id := range []uint32{s.id, 7, 1 << 30, ^uint32(0)} {
			d.Receive(id)
			d.Pause(id)
			d.Send(id, [][]byte{[]byte("x")})
			d.CloseWrite(id)
			d.Close(id)
			if a := d.RemoteAddr(id); a.IsValid() {
				t.Errorf("RemoteAddr(%d) = %v of a dead id", id, a)
			}
		}
	})
	r.do(r.echo)
	r.exchange(r.connect(), []byte("and the loop still works"))
}
