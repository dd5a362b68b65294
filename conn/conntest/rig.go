package conntest

import (
	"bytes"
	"hash/crc32"
	"io"
	"sync/atomic"
	"testing"
	"time"
)

// limit is how long a case waits for something to happen.
const limit = 20 * time.Second

// rig is a running driver with an application that a case scripts by setting its hooks.
// Hooks run on the loop; everything of the application is touched there only, so cases
// look at it through do and await.
type rig struct {
	t testing.TB
	h *Harness
	d *Checker

	conns  map[uint32]*session
	order  []*session // as Opened
	fails  []error    // AcceptFailed
	turns  int
	done   chan error // Run's answer
	joined bool

	onOpened   func(s *session)
	onReceived func(s *session, p []byte)
	onEnded    func(s *session)
	onSent     func(s *session)
	onClosed   func(s *session)
	onTurn     func(now int64) int64
}

// session is what the application knows of a connection.
type session struct {
	id      uint32
	got     int
	crc     uint32
	ended   error
	sending bool
	sent    []outcome
	closed  int
	out     [][]byte // echo: to be sent
	queued  int      // echo: bytes in out
	eof     bool     // echo: close when out is empty
}

type outcome struct {
	n   int
	err error
}

// start runs a driver of the factory. The default application receives and counts; setups
// script another one before it runs.
func start(t testing.TB, f Factory, setups ...func(*rig)) *rig {
	t.Helper()
	h := f(t)
	r := &rig{t: t, h: h, d: NewChecker(h.Driver), conns: map[uint32]*session{}, done: make(chan error, 1)}
	r.onOpened = func(s *session) { r.d.Receive(s.id) }
	r.d.poison = bytes.Repeat([]byte{0xEE}, 4096)
	for _, setup := range setups {
		setup(r)
	}
	r.run()
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Logf("repeat: %s", h.Repeat)
		}
	})
	return r
}

// run starts the driver.
func (r *rig) run() {
	if r.h.Virtual {
		r.done <- r.h.Run(r.d.Wrap(r))
		return
	}
	r.d.ev = r
	go func() { r.done <- r.h.Run(r.d) }()
}

// stop ends the driver and checks that everything was closed.
func (r *rig) stop() {
	if r.joined {
		return
	}
	r.joined = true
	r.d.Stop()
	for range 10 {
		r.h.Progress()
	}
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("Run: %v", err)
		}
	case <-time.After(limit):
		r.t.Error("Run did not return after Stop")
		return
	}
	r.d.Finished()
	for _, s := range r.order {
		if s.closed != 1 {
			r.t.Errorf("id %d was closed %d times", s.id, s.closed)
		}
	}
	for _, f := range r.d.Faults() {
		r.t.Errorf("contract: %s", f)
	}
	if r.d.pending != 0 && r.d.counter > 0 && !r.d.stopped.Load() {
		r.t.Errorf("%d callbacks without a Turn after them", r.d.pending)
	}
}

func (r *rig) Opened(id uint32) { r.onOpened(r.session(id)) }

func (r *rig) session(id uint32) *session {
	s := &session{id: id}
	r.conns[id] = s
	r.order = append(r.order, s)
	return s
}

func (r *rig) Received(id uint32, p []byte) {
	s := r.conns[id]
	s.got += len(p)
	s.crc = crc32.Update(s.crc, crc32.IEEETable, p)
	if r.onReceived != nil {
		r.onReceived(s, p)
	}
}

func (r *rig) Ended(id uint32, err error) {
	s := r.conns[id]
	s.ended = err
	if r.onEnded != nil {
		r.onEnded(s)
	}
}

func (r *rig) Sent(id uint32, n int, err error) {
	s := r.conns[id]
	s.sending = false
	s.sent = append(s.sent, outcome{n, err})
	if r.onSent != nil {
		r.onSent(s)
	}
}

func (r *rig) Closed(id uint32) {
	s := r.conns[id]
	s.closed++
	delete(r.conns, id)
	if r.onClosed != nil {
		r.onClosed(s)
	}
}

func (r *rig) AcceptFailed(err error) { r.fails = append(r.fails, err) }

func (r *rig) Turn(now int64) int64 {
	r.turns++
	if r.onTurn != nil {
		return r.onTurn(now)
	}
	return 0
}

// send sends copies of bufs, which the checker destroys when they are sent.
func (r *rig) send(s *session, bufs ...[]byte) {
	own := make([][]byte, len(bufs))
	for i, b := range bufs {
		own[i] = bytes.Clone(b)
	}
	s.sending = true
	r.d.Send(s.id, own)
	clear(own) // the slice was borrowed for the call only
}

// do runs f on the loop and waits for it.
func (r *rig) do(f func()) {
	r.t.Helper()
	var done atomic.Bool
	if !r.d.Post(r.d.Task(func() { f(); done.Store(true) })) {
		r.t.Fatal("Post was refused by a running loop")
	}
	r.until(done.Load, "a posted task")
}

// until lets the world go on until cond holds.
func (r *rig) until(cond func() bool, what string) {
	r.t.Helper()
	for deadline := time.Now().Add(limit); !cond(); r.h.Progress() {
		if time.Now().After(deadline) {
			r.t.Fatalf("no %s within %v", what, limit)
		}
	}
}

// await is until with a condition that is looked at on the loop.
func (r *rig) await(cond func() bool, what string) {
	r.t.Helper()
	r.until(func() bool {
		ok := false
		r.do(func() { ok = cond() })
		return ok
	}, what)
}

// settle lets the world go on for a while without expecting anything.
func (r *rig) settle() {
	for deadline := time.Now().Add(30 * time.Millisecond); ; {
		r.h.Progress()
		if r.h.Virtual || time.Now().After(deadline) {
			return
		}
	}
}

// dial connects a client and waits for its session.
func (r *rig) dial() (Peer, *session) {
	r.t.Helper()
	before := 0
	r.do(func() { before = len(r.order) })
	p := r.connect()
	var s *session
	r.await(func() bool {
		if len(r.order) > before {
			s = r.order[before]
		}
		return s != nil
	}, "Opened")
	return p, s
}

func (r *rig) connect() Peer {
	r.t.Helper()
	p, err := r.h.Dial()
	if err != nil {
		r.t.Fatalf("dial: %v", err)
	}
	r.t.Cleanup(func() { _ = p.Close() })
	return p
}

// write makes the peer write all of p.
func (r *rig) write(p Peer, b []byte) {
	r.t.Helper()
	r.until(func() bool {
		n, err := p.Write(b)
		if err != nil {
			r.t.Fatalf("peer: write: %v", err)
		}
		b = b[n:]
		return len(b) == 0
	}, "room for the peer to write")
}

// read makes the peer read n bytes.
func (r *rig) read(p Peer, n int) []byte {
	r.t.Helper()
	b := make([]byte, n)
	have := 0
	r.until(func() bool {
		k, err := p.Read(b[have:])
		have += k
		if err != nil && have < n {
			r.t.Fatalf("peer: read %d of %d bytes: %v", have, n, err)
		}
		return have == n
	}, "bytes for the peer")
	return b
}

// readAll makes the peer read until the end, which it returns: io.EOF or an error.
func (r *rig) readAll(p Peer) ([]byte, error) {
	r.t.Helper()
	var all []byte
	var end error
	b := make([]byte, 32<<10)
	r.until(func() bool {
		k, err := p.Read(b)
		all = append(all, b[:k]...)
		end = err
		return err != nil
	}, "end for the peer")
	return all, end
}

// exchange makes the peer write out while it reads as many bytes back, and checks them.
func (r *rig) exchange(p Peer, out []byte) {
	r.t.Helper()
	r.exchangeAll([]Peer{p}, [][]byte{out})
}

// exchangeAll does so with several peers at once.
func (r *rig) exchangeAll(peers []Peer, outs [][]byte) {
	r.t.Helper()
	wrote, got := make([]int, len(peers)), make([]int, len(peers))
	b := make([]byte, 64<<10)
	finished := 0
	r.until(func() bool {
		for i, p := range peers {
			out := outs[i]
			if wrote[i] < len(out) {
				n, err := p.Write(out[wrote[i]:])
				if wrote[i] += n; err != nil {
					r.t.Fatalf("peer %d: write: %v", i, err)
				}
			}
			if got[i] == len(out) {
				continue
			}
			n, err := p.Read(b)
			if !bytes.Equal(b[:n], out[got[i]:min(got[i]+n, len(out))]) {
				r.t.Fatalf("peer %d: wrong bytes come back after %d", i, got[i])
			}
			if got[i] += n; err != nil && got[i] < len(out) {
				r.t.Fatalf("peer %d: read %d of %d: %v", i, got[i], len(out), err)
			}
			if got[i] == len(out) {
				finished++
			}
		}
		return finished == len(peers)
	}, "whole exchange")
}

// echo makes the application send back what it receives, in Turn, with backpressure, and
// close after the peer's end.
func (r *rig) echo() {
	const high, low = 256 << 10, 64 << 10
	r.onReceived = func(s *session, p []byte) {
		s.out = append(s.out, bytes.Clone(p))
		if s.queued += len(p); s.queued > high {
			r.d.Pause(s.id)
		}
	}
	r.onEnded = func(s *session) {
		s.eof = true
		if s.ended != io.EOF {
			r.d.Close(s.id)
		}
	}
	r.onSent = func(s *session) {
		o := s.sent[len(s.sent)-1]
		if s.sent = s.sent[:0]; o.err != nil {
			r.d.Close(s.id)
			return
		}
		if s.queued -= o.n; s.queued < low && !s.eof {
			r.d.Receive(s.id)
		}
	}
	r.onTurn = func(int64) int64 {
		for _, s := range r.order {
			if s.closed > 0 || s.sending || r.d.state(s.id).closing {
				continue
			}
			if n := min(len(s.out), 16); n > 0 {
				r.send(s, s.out[:n]...)
				s.out = s.out[n:]
			} else if s.eof {
				r.d.Close(s.id)
			}
		}
		return 0
	}
}

// pattern is n bytes that differ from place to place.
func pattern(n int, seed byte) []byte {
	p := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range p {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i] = byte(x)
	}
	return p
}
