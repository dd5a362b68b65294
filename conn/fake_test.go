package conn

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// fake is a driver that does nothing by itself: a test makes its callbacks one by one
// and looks at what the loop asked for. Commands against the contract fail the test.
type fake struct {
	t    *testing.T
	ev   Events
	now  int64
	wake int64 // what Turn returned

	ahead int64 // of the clock before now: how long the turn has taken

	links    []*fakeLink
	free     []uint32
	paused   bool // accepting
	deaf     bool // StopAccept was called
	stopped  bool
	commands []string
	turns    int
	refuses  error           // what Adopt fails with
	post     func(Task) bool // instead of running it at once
}

// fakeLink is a connection as the driver sees it.
type fakeLink struct {
	open, receiving, closing, ended, fin bool

	bufs  [][]byte // the send in flight, nil = none
	was   []byte   // its bytes when it began
	wire  []byte   // bytes that went out
	sends int
}

func (d *fake) Name() string              { return "fake" }
func (d *fake) Listen(net.Listener) error { return nil }
func (d *fake) PauseAccept()              { d.paused = true; d.note("pauseaccept") }
func (d *fake) ResumeAccept()             { d.paused = false; d.note("resumeaccept") }
func (d *fake) StopAccept()               { d.deaf = true; d.note("stopaccept") }
func (d *fake) Run(ev Events) error       { d.ev = ev; return nil }
func (d *fake) Stop()                     { d.stopped = true }
func (d *fake) Post(t Task) bool {
	if d.post != nil {
		return d.post(t)
	}
	t.RunTask()
	return true
}
func (d *fake) Now() int64        { return d.now }
func (d *fake) Clock() int64      { return d.now + d.ahead }
func (d *fake) Receive(id uint32) { d.command("receive", id).receiving = true }
func (d *fake) Pause(id uint32)   { d.command("pause", id).receiving = false }

func (d *fake) Send(id uint32, bufs [][]byte) {
	c := d.command("send", id)
	if c.bufs != nil || c.fin || len(bufs) == 0 || len(bufs) > MaxSendBufs {
		d.t.Errorf("Send(%d) of %d buffers: one in flight %v, after FIN %v", id, len(bufs), c.bufs != nil, c.fin)
	}
	if slices.ContainsFunc(bufs, func(b []byte) bool { return len(b) == 0 }) {
		d.t.Errorf("Send(%d) with an empty buffer", id)
	}
	c.bufs = slices.Clone(bufs)
	c.was = bytes.Join(bufs, nil)
	c.sends++
}

func (d *fake) CloseWrite(id uint32) { d.command("closewrite", id).fin = true }

func (d *fake) Close(id uint32) {
	c := d.command("close", id)
	d.unchanged(c)
	c.closing = true
}

func (d *fake) RemoteAddr(id uint32) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(id))
}

func (d *fake) LocalAddr(uint32) netip.AddrPort { return netip.AddrPort{} }

func (d *fake) note(format string, args ...any) {
	d.commands = append(d.commands, fmt.Sprintf(format, args...))
}

// command notes what the loop asks for, and fails the test if it must not.
func (d *fake) command(name string, id uint32) *fakeLink {
	d.t.Helper()
	d.note("%s %d", name, id)
	if int(id) >= len(d.links) || !d.links[id].open {
		d.t.Errorf("%s(%d): the id is not open", name, id)
		return &fakeLink{}
	}
	if d.links[id].closing {
		d.t.Errorf("%s(%d) after Close", name, id)
	}
	return d.links[id]
}

// took returns the commands since the last call.
func (d *fake) took() string {
	text := strings.Join(d.commands, ", ")
	d.commands = d.commands[:0]
	return text
}

// unchanged checks that the bytes of a send in flight were left alone.
func (d *fake) unchanged(c *fakeLink) {
	d.t.Helper()
	if c.bufs != nil && !bytes.Equal(c.was, bytes.Join(c.bufs, nil)) {
		d.t.Error("bytes of a send in flight were changed")
	}
}

func (d *fake) accept() uint32 {
	id := d.link()
	d.ev.Opened(id)
	return id
}

// Adopt takes anything, or fails as the test says.
func (d *fake) Adopt(net.Conn) (uint32, error) {
	if d.refuses != nil {
		return 0, d.refuses
	}
	return d.link(), nil
}

// link opens a connection.
func (d *fake) link() uint32 {
	var id uint32
	if n := len(d.free); n > 0 {
		id, d.free = d.free[n-1], d.free[:n-1]
	} else {
		id = uint32(len(d.links))
		d.links = append(d.links, nil)
	}
	d.links[id] = &fakeLink{open: true}
	return id
}

// recv delivers p from a buffer that is destroyed afterwards.
func (d *fake) recv(id uint32, p string) {
	lent := []byte(p)
	d.ev.Received(id, lent)
	for i := range lent {
		lent[i] = 0xDB
	}
}

// end delivers Ended.
func (d *fake) end(id uint32, err error) {
	d.links[id].ended, d.links[id].receiving = true, false
	d.ev.Ended(id, err)
}

// sent completes the send in flight; n < 0 is all of it.
func (d *fake) sent(id uint32, n int, err error) {
	d.t.Helper()
	c := d.links[id]
	if c.bufs == nil {
		d.t.Fatalf("id %d has no send in flight", id)
	}
	d.unchanged(c)
	if n < 0 {
		n = len(c.was)
	}
	c.wire = append(c.wire, c.was[:n]...)
	c.bufs = nil
	d.ev.Sent(id, n, err)
}

// turn ends a batch.
func (d *fake) turn() {
	d.turns++
	d.wake = d.ev.Turn(d.now)
}

// reap reports what was torn down.
func (d *fake) reap() (any bool) {
	for id, c := range d.links {
		if c.open && c.closing {
			d.closed(uint32(id))
			any = true
		}
	}
	return any
}

// closed reports one.
func (d *fake) closed(id uint32) {
	d.unchanged(d.links[id])
	d.ev.Closed(id)
	d.links[id].open = false
	d.free = append(d.free, id)
}

// settle goes on until nothing moves any more.
func (d *fake) settle() {
	d.turn()
	for {
		moved := d.reap()
		for id, c := range d.links {
			if c.open && !c.closing && c.bufs != nil {
				d.sent(uint32(id), -1, nil)
				moved = true
			}
		}
		if !moved {
			return
		}
		d.turn()
	}
}

// sleep lets time pass as a driver does: it wakes at the deadlines that Turn asks for.
func (d *fake) sleep(span time.Duration) {
	until := d.now + int64(span)
	for d.wake != 0 && d.wake <= until {
		d.now = max(d.now, d.wake)
		before := d.wake
		d.turn()
		if d.reap() {
			d.turn()
		}
		if d.wake != 0 && d.wake <= before {
			d.t.Fatalf("Turn at %d asked for a wake-up at %d", d.now, d.wake)
		}
	}
	d.now = until
}

// rig is a loop over a fake.
type rig struct {
	*fake
	loop  *Loop
	alloc *mem.Allocator
	conns []*script // as accepted
	setup func(s *script)
}

func newRig(t *testing.T, tune ...func(*Config)) *rig {
	t.Helper()
	r := &rig{fake: &fake{t: t, now: int64(time.Hour)}, alloc: mem.NewAllocator(mem.Config{})}
	cfg := Config{Driver: r.fake, Alloc: r.alloc, Accept: r.handler}
	for _, f := range tune {
		f(&cfg)
	}
	r.loop = NewLoop(cfg)
	_ = r.loop.Run()
	t.Cleanup(r.finish)
	return r
}

func (r *rig) handler(c *Conn) Handler {
	s := &script{c: c, id: c.ID()}
	if r.setup != nil {
		r.setup(s)
	}
	r.conns = append(r.conns, s)
	return s
}

// dial accepts a connection and returns its handler.
func (r *rig) dial() *script {
	r.t.Helper()
	before := len(r.conns)
	r.accept()
	if len(r.conns) != before+1 {
		r.t.Fatal("the connection is not served")
	}
	return r.conns[before]
}

// finish stops the driver and checks that everything came home.
func (r *rig) finish() {
	r.t.Helper()
	for id, c := range r.links {
		if c.open {
			c.closing = true
			r.closed(uint32(id))
		}
	}
	r.turn()
	for i, s := range r.conns {
		if s.closed != 1 {
			r.t.Errorf("connection %d: OnClose came %d times", i, s.closed)
		}
	}
	if st := r.loop.Stats(); st.Open != 0 || st.Parked != 0 {
		r.t.Errorf("at the end %d connections are open, %d of them parked", st.Open, st.Parked)
	}
	if r.loop.wheel.n != 0 || r.loop.wheel.next() != 0 {
		r.t.Errorf("at the end the wheel holds %d", r.loop.wheel.n)
	}
	if err := r.alloc.Close(); err != nil {
		r.t.Error(err)
	}
}

// script is a handler that notes its calls and does what the test says. Without a hook it
// consumes everything and closes at the peer's end.
type script struct {
	c        *Conn
	id       uint32
	calls    []string
	data     []byte // consumed
	closed   int
	err      error
	onData   func(p []byte) int
	onEnd    func(err error)
	onDrain  func()
	onTime   func()
	onShut   func()
	onClosed func()
}

func (s *script) note(format string, args ...any) {
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
}

// took returns the calls since the last call.
func (s *script) took() string {
	text := strings.Join(s.calls, ", ")
	s.calls = s.calls[:0]
	return text
}

func (s *script) OnData(c *Conn, p []byte) int {
	s.note("data %.40s", p)
	n := len(p)
	if s.onData != nil {
		n = s.onData(p)
	}
	s.data = append(s.data, p[:n]...)
	return n
}

func (s *script) OnEnd(c *Conn, err error) {
	s.note("end %v", err)
	if s.onEnd != nil {
		s.onEnd(err)
	} else {
		c.Close()
	}
}

func (s *script) OnDrain(*Conn) {
	s.note("drain")
	if s.onDrain != nil {
		s.onDrain()
	}
}

func (s *script) OnTimeout(*Conn) {
	s.note("timeout")
	if s.onTime != nil {
		s.onTime()
	}
}

func (s *script) OnShutdown(c *Conn) {
	s.note("shutdown")
	if s.onShut != nil {
		s.onShut()
	} else {
		c.Close()
	}
}

func (s *script) OnClose(_ *Conn, err error) {
	s.note("close %v", err)
	s.closed++
	s.err = err
	if s.onClosed != nil {
		s.onClosed()
	}
}

// write appends to the output and flushes.
func (s *script) write(text string) {
	_, _ = s.c.Output().WriteString(text)
	s.c.Flush()
}

// quiet is a handler that allocates nothing: what it is not asked to count goes unnoticed.
type quiet struct {
	*script
	onData func(c *Conn, p []byte) int
	onTime func()
}

func (q *quiet) OnData(c *Conn, p []byte) int { return q.onData(c, p) }
func (q *quiet) OnTimeout(*Conn)              { q.onTime() }
func (q *quiet) OnDrain(*Conn)                {}
func (q *quiet) OnClose(*Conn, error)         { q.closed++ }

// none consumes nothing.
func none([]byte) int { return 0 }

// want compares what happened with what should have.
func want(t *testing.T, got, wanted, why string) {
	t.Helper()
	if got != wanted {
		t.Errorf("got  %q\nwant %q\nbecause %s", got, wanted, why)
	}
}

var _ Driver = (*fake)(nil)
