package conn

import (
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// opener is a script of a connection that this side has begun.
type opener struct {
	*script
	onOpen func()
}

func (o *opener) OnOpen(c *Conn) {
	o.c = c
	o.note("open")
	if o.onOpen != nil {
		o.onOpen()
	}
}

func (r *rig) opener() *opener {
	o := &opener{script: &script{}}
	r.conns = append(r.conns, o.script)
	return o
}

// adopt has the loop adopt a connection.
func (r *rig) adopt() *opener {
	r.t.Helper()
	o := r.opener()
	c, err := r.loop.Adopt(nil, o)
	if err != nil {
		r.t.Fatal(err)
	}
	o.c, o.id = c, c.ID()
	return o
}

// OnOpen is the first call, it comes from Turn, and input only after it.
func TestAdopt(t *testing.T) {
	r := newRig(t)
	o := r.adopt()
	o.onOpen = func() { o.write("request") }
	want(t, o.took(), "", "nothing is called from inside Adopt")
	want(t, r.took(), "", "it stays paused until it is open")
	r.turn()
	want(t, o.took(), "open", "Turn is when")
	want(t, r.took(), "receive 0, send 0", "what OnOpen wrote leaves in the same turn")
	r.sent(o.id, -1, nil)
	r.recv(o.id, "response")
	want(t, o.took(), "data response", "it is as an accepted one")
	if c := r.loop.conn(o.id); c.Handler() != Handler(o) {
		t.Errorf("the handler is %T", c.Handler())
	}
	r.end(o.id, io.EOF)
	r.settle()
	want(t, o.took(), "end EOF, close <nil>", "it ends as an accepted one")
	if st := r.loop.Stats(); st.Adopted != 1 || st.Accepted != 0 || st.Outgoing != 0 {
		t.Errorf("%+v", st)
	}
}

// What ends before it is open is closed, and not opened.
func TestAdoptEndsBefore(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		end  func(r *rig, o *opener)
		want string
	}{
		"aborted":  {func(_ *rig, o *opener) { o.c.Abort(broken) }, "close broken"},
		"closed":   {func(_ *rig, o *opener) { o.c.Close() }, "close <nil>"},
		"reset":    {func(r *rig, o *opener) { r.end(o.id, broken) }, "close broken"},
		"shutdown": {func(r *rig, _ *opener) { r.loop.Shutdown() }, "close " + ErrStopped.Error()},
		"stop":     {func(r *rig, o *opener) { r.links[o.id].closing = true; r.closed(o.id) }, "close " + ErrStopped.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			o := r.adopt()
			c.end(r, o)
			r.settle()
			want(t, o.took(), c.want, "OnClose is the only call")
		})
	}
}

// A refusal takes nothing, and calls nobody.
func TestAdoptRefused(t *testing.T) {
	r := newRig(t)
	o := &opener{script: &script{}}
	r.refuses = syscall.EMFILE
	if _, err := r.loop.Adopt(nil, o); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Adopt: %v", err)
	}
	r.refuses = nil
	server, err := tls.NewEngine(tls.Config{System: &stdtls.Config{Certificates: []stdtls.Certificate{testCertificate()}}}, tls.Server)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*tls.Engine{nil, server} {
		if _, err := r.loop.AdoptTLS(nil, e, "", o); err != errNotClient {
			t.Errorf("AdoptTLS: %v", err)
		}
	}
	r.loop.Shutdown()
	if _, err := r.loop.Adopt(nil, o); err != ErrStopped {
		t.Errorf("Adopt while shutting down: %v", err)
	}
	r.settle()
	want(t, o.took(), "", "it was never adopted")
	if n := len(r.links); n != 0 {
		t.Errorf("%d connections were taken", n)
	}
}

// Connections that this side has begun do not keep out who comes, nor do they wait behind them.
func TestAdoptAndMaxConns(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxConns = 2 })
	for range 3 {
		r.adopt()
	}
	r.turn()
	first := r.dial()
	if r.paused {
		t.Error("accepting pauses for connections that this side has begun")
	}
	r.dial()
	if !r.paused {
		t.Error("accepting goes on above the limit")
	}
	late := r.accept()
	o := r.adopt()
	r.turn()
	want(t, o.took(), "open", "the limit is not for it")
	o.c.Close()
	r.settle()
	if st := r.loop.Stats(); st.Parked != 1 || st.Outgoing != 3 || st.Open != 6 {
		t.Errorf("%+v: its end makes no room for who waits", st)
	}
	first.c.Close()
	r.settle()
	if st := r.loop.Stats(); st.Parked != 0 || r.loop.conn(late).state != open {
		t.Errorf("%+v: an accepted one's does", st)
	}
}

// A handler may adopt within its own callback, and more than lie in one page: no Conn moves.
func TestAdoptFromHandler(t *testing.T) {
	r := newRig(t)
	s := r.dial()
	var all []*opener
	s.onData = func(p []byte) int {
		for range 3 * pageSize {
			all = append(all, r.adopt())
		}
		s.write("done")
		return len(p)
	}
	r.recv(s.id, "go")
	r.settle()
	for _, o := range all {
		want(t, o.took(), "open", "each is opened in the turn")
	}
	if got := string(r.links[s.id].wire); got != "done" {
		t.Errorf("the handler's own answer: %q", got)
	}
}

// server is the far end of a TLS connection that this side has begun.
func (r *rig) server(id uint32, std *stdtls.Config) *client {
	r.t.Helper()
	e, err := tls.NewEngine(tls.Config{System: std}, tls.Server)
	if err != nil {
		r.t.Fatal(err)
	}
	a := mem.NewAllocator(mem.Config{})
	c := &client{r: r, id: id, s: e.NewLoop(a).Accept()}
	c.out.Init(a, 512)
	r.t.Cleanup(func() {
		c.s.Abort()
		c.out.Release()
	})
	return c
}

func serving(version uint16) *stdtls.Config {
	return &stdtls.Config{Certificates: []stdtls.Certificate{testCertificate()}, MaxVersion: version}
}

// calling is an engine that takes any certificate, or none.
func calling(t *testing.T, trusting bool) *tls.Engine {
	t.Helper()
	e, err := tls.NewEngine(tls.Config{System: &stdtls.Config{InsecureSkipVerify: trusting}}, tls.Client)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// callingRig is a rig without TLS of its own that checks what secured connections leave.
func callingRig(t *testing.T, tune ...func(*Config)) *rig {
	r := newRig(t, tune...)
	t.Cleanup(func() {
		for id, c := range r.links {
			if c.open {
				c.closing = true
				r.closed(uint32(id))
			}
		}
		r.turn()
		if err := r.loop.Leaks(); err != nil {
			t.Error(err)
		}
		if r.loop.shakings != 0 || len(r.loop.hellos) != 0 {
			t.Errorf("at the end %d handshakes are going on, %d wait", r.loop.shakings, len(r.loop.hellos))
		}
	})
	return r
}

func (r *rig) adoptTLS(e *tls.Engine, name string) *opener {
	r.t.Helper()
	o := r.opener()
	c, err := r.loop.AdoptTLS(nil, e, name, o)
	if err != nil {
		r.t.Fatal(err)
	}
	o.c, o.id = c, c.ID()
	return o
}

// answer lets the server answer until nothing moves.
func (c *client) answer() {
	for range 10 {
		c.r.settle()
		c.hear()
		p := c.take()
		if p == "" {
			return
		}
		c.r.recv(c.id, p)
	}
}

// The client speaks first; its handler is called when the handshake is over, and may write
// before.
func TestAdoptTLS(t *testing.T) {
	for name, version := range bothVersions {
		t.Run(name, func(t *testing.T) {
			r := callingRig(t)
			o := r.adoptTLS(calling(t, true), "example.test")
			r.took()
			r.turn()
			want(t, r.took(), "send 0", "the hello leaves in the first turn")
			want(t, o.took(), "", "the handshake is not over")
			c := r.server(o.id, serving(version))
			o.onOpen = func() {
				if i := o.c.TLS(); i == nil || i.Version != version {
					t.Errorf("agreed on %+v", i)
				}
				o.write("hello")
			}
			c.answer()
			want(t, o.took(), "open", "it is over")
			if c.text != "hello" {
				t.Errorf("the server got %q", c.text)
			}
			r.recv(c.id, c.seal("answer"))
			r.recv(c.id, c.bye())
			r.settle()
			want(t, o.took(), "data answer, end EOF, close <nil>", "it is a connection")
			if c.hear(); c.end != "close_notify" {
				t.Errorf("the server's end: %q", c.end)
			}
			if st := r.loop.Stats(); st.Handshakes != 1 || st.Adopted != 1 || st.HandshakeErrors != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// A server may send with the end of its handshake; that comes after OnOpen.
func TestAdoptTLSDataBehindHandshake(t *testing.T) {
	r := callingRig(t)
	o := r.adoptTLS(calling(t, true), "example.test")
	c := r.server(o.id, serving(stdtls.VersionTLS12)) // whose server speaks last
	r.settle()
	c.hear()
	r.recv(c.id, c.take())
	r.settle()
	c.hear()
	if !c.s.Ready() {
		t.Fatal("the server is not ready")
	}
	r.recv(c.id, c.take()+c.seal("at once"))
	want(t, o.took(), "open, data at once", "in this order")
}

// Failures are told once, by OnClose, and counted; the peer gets the alert.
func TestAdoptTLSFails(t *testing.T) {
	reset := errors.New("reset")
	for name, c := range map[string]struct {
		trusting bool
		fail     func(r *rig, c *client, o *opener)
		want     string // in what OnClose is told
		alert    string
	}{
		"certificate": {false, func(_ *rig, c *client, _ *opener) { c.answer() }, "certificate", "certificate"},
		"reset":       {true, func(r *rig, c *client, _ *opener) { r.end(c.id, reset) }, errHandshakeCut.Error() + ": reset", ""},
		"end":         {true, func(r *rig, c *client, _ *opener) { r.end(c.id, io.EOF) }, errHandshakeCut.Error(), ""},
		"silence":     {true, func(r *rig, _ *client, _ *opener) { r.settle(); r.sleep(11 * time.Second) }, ErrHandshakeTimeout.Error(), ""},
		"plaintext":   {true, func(r *rig, c *client, _ *opener) { r.settle(); r.recv(c.id, "220 mail.example.test ESMTP\r\n") }, "TLS", ""},
		"flood":       {true, func(r *rig, c *client, _ *opener) { r.recv(c.id, strings.Repeat("\x16", 70_000)) }, errHandshakeFlood.Error(), ""},
		"shutdown":    {true, func(r *rig, _ *client, _ *opener) { r.settle(); r.loop.Shutdown() }, ErrStopped.Error(), ""},
		"abort":       {true, func(_ *rig, _ *client, o *opener) { o.c.Abort(reset) }, "reset", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := callingRig(t, func(c *Config) {
				c.HandshakeFailed = func(_ *Conn, err error) { t.Errorf("HandshakeFailed(%v), which is for who comes", err) }
			})
			o := r.adoptTLS(calling(t, c.trusting), "example.test")
			far := r.server(o.id, serving(0))
			c.fail(r, far, o)
			r.settle()
			far.hear()
			if link := r.links[far.id]; link.open && !link.closing {
				r.end(far.id, io.EOF)
			}
			r.settle()
			if got := o.took(); !strings.HasPrefix(got, "close ") || !strings.Contains(got, c.want) || o.closed != 1 {
				t.Errorf("the handler is told %q, want %q", got, c.want)
			}
			if !strings.Contains(far.end, c.alert) {
				t.Errorf("the peer got %q, want %q", far.end, c.alert)
			}
			counted := name != "shutdown" && name != "abort"
			if st := r.loop.Stats(); (st.HandshakeErrors == 1) != counted || st.Handshakes != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// First steps of both sides wait in one queue: one a turn, MaxHandshakes at once.
func TestAdoptTLSQueue(t *testing.T) {
	r := secureRig(t, func(c *Config) { c.MaxHandshakes = 3 })
	e := calling(t, true)
	came := r.connect(0)
	came.hear()
	r.recv(came.id, came.take())
	var all []*opener
	for range 4 {
		all = append(all, r.adoptTLS(e, "example.test"))
	}
	for i := range 6 {
		r.turn()
		sends := 0
		for _, l := range r.links {
			sends += l.sends
		}
		if most := min(i+1, 3); sends != most {
			t.Errorf("after turn %d: %d have spoken, want %d", i+1, sends, most)
		}
	}
	if r.wake <= r.now {
		t.Error("the loop spins although no more handshakes are allowed")
	}
	all[0].c.Abort(net.ErrClosed) // makes room
	r.settle()
	r.settle()
	if n := r.links[all[2].id].sends; n != 1 {
		t.Errorf("the next has sent %d times", n)
	}
	came.shake()
	c := r.server(all[3].id, serving(0))
	c.answer()
	want(t, all[3].took(), "open", "all come to their turn")
}

// Helpers make handshakes of one engine, the server's: a client's first step waits for the loop.
func TestAdoptTLSBesideHandshakers(t *testing.T) {
	r := newCrew(t, &stdtls.Config{})
	e := calling(t, true)
	all := []*opener{r.adoptTLS(e, "example.test"), r.adoptTLS(e, "example.test")}
	for i := range all {
		r.turn()
		if n := r.loop.shakings; n != i+1 {
			t.Errorf("after turn %d: %d have begun", i+1, n)
		}
	}
	for _, o := range all {
		r.server(o.id, serving(0)).answer()
		want(t, o.took(), "open", "it was made here")
	}
	if n := r.loop.Stats().HandedOver; n != 0 {
		t.Errorf("%d were handed over", n)
	}
}

// A loop remembers its engines, but not without an end.
func TestAdoptTLSEngines(t *testing.T) {
	r := callingRig(t)
	first := calling(t, true)
	one := r.loop.client(first)
	if r.loop.client(first) != one {
		t.Error("an engine gets another loop the second time")
	}
	for range 2 * maxClients {
		r.loop.client(calling(t, true))
	}
	if n := len(r.loop.clients); n != maxClients {
		t.Errorf("%d engines are remembered, want %d", n, maxClients)
	}
}
