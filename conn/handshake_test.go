package conn

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/tls"
)

// failures notes what HandshakeFailed is told.
func failures(to *[]error) func(*Config) {
	return func(c *Config) { c.HandshakeFailed = func(_ *Conn, err error) { *to = append(*to, err) } }
}

// A turn makes one first step; the others wait for theirs, in order.
func TestOneHelloPerTurn(t *testing.T) {
	r := secureRig(t)
	var all []*client
	for range 5 {
		c := r.connect(0)
		c.hear()
		r.recv(c.id, c.take())
		all = append(all, c)
	}
	for i := range all {
		r.turn()
		answered := 0
		for _, c := range all {
			answered += r.links[c.id].sends
		}
		if answered != i+1 {
			t.Errorf("after turn %d: %d answers", i+1, answered)
		}
		if wait := r.wake > r.now; wait != (i == len(all)-1) {
			t.Errorf("after turn %d it waits: %v", i+1, wait)
		}
	}
	for _, c := range all {
		c.shake()
	}
	if st := r.loop.Stats(); st.Handshakes != 5 || st.HandshakeErrors != 0 {
		t.Errorf("%+v", st)
	}
}

// No more handshakes go on at once than MaxHandshakes; an end makes room for the next.
func TestMaxHandshakes(t *testing.T) {
	r := secureRig(t, func(c *Config) { c.MaxHandshakes = 2 })
	var all []*client
	for range 4 {
		c := r.connect(0)
		c.hear()
		r.recv(c.id, c.take())
		all = append(all, c)
	}
	for range 6 {
		r.turn()
	}
	if r.loop.shakings != 2 || len(r.loop.hellos) != 2 || r.wake == r.now {
		t.Errorf("%d go on, %d wait, the loop spins: %v", r.loop.shakings, len(r.loop.hellos), r.wake == r.now)
	}
	r.end(all[2].id, errors.New("reset")) // in the queue
	r.end(all[0].id, errors.New("reset")) // within
	r.settle()
	r.turn()
	if r.loop.shakings != 2 || len(r.loop.hellos) != 0 {
		t.Errorf("%d go on, %d wait", r.loop.shakings, len(r.loop.hellos))
	}
	all[1].shake()
	all[3].shake()
}

// A connection that ended in the queue, though the driver has not said so yet, is not begun.
func TestHelloOfTheDead(t *testing.T) {
	var errs []error
	r := secureRig(t, failures(&errs))
	c := r.connect(0)
	c.hear()
	r.recv(c.id, c.take())
	r.end(c.id, errors.New("reset"))
	r.turn()
	if r.loop.shakings != 0 || len(errs) != 1 || len(r.conns) != 0 {
		t.Errorf("%d handshakes, errors %v", r.loop.shakings, errs)
	}
	r.settle()
}

// A handshake must be over in time, whatever the peer has said of it.
func TestHandshakeTimeout(t *testing.T) {
	for name, say := range map[string]func(r *rig, c *client){
		"nothing":      func(*rig, *client) {},
		"half a hello": func(r *rig, c *client) { c.hear(); r.recv(c.id, c.take()[:100]) },
		"a hello":      func(r *rig, c *client) { c.hear(); r.recv(c.id, c.take()); r.settle() },
		"a byte at a time": func(r *rig, c *client) {
			c.hear()
			for _, b := range []byte(c.take()[:20]) {
				r.recv(c.id, string(b))
				r.sleep(100 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var errs []error
			r := secureRig(t, failures(&errs), func(c *Config) { c.HandshakeTimeout = 5 * time.Second })
			c := r.connect(0)
			r.turn()
			say(r, c)
			r.sleep(2900 * time.Millisecond)
			if !r.links[c.id].open {
				t.Fatal("closed too early")
			}
			r.sleep(2200 * time.Millisecond)
			r.settle()
			if r.links[c.id].open || len(errs) != 1 || errs[0] != ErrHandshakeTimeout {
				t.Errorf("open %v, %v", r.links[c.id].open, errs)
			}
		})
	}
	r := secureRig(t, func(c *Config) { c.HandshakeTimeout = 5 * time.Second })
	c := r.connect(0)
	s := c.shake()
	r.sleep(time.Minute)
	want(t, s.took(), "", "the deadline was the handshake's")
}

// Plaintext is answered by an alert and counted, and what else goes wrong is told.
func TestHandshakeFailures(t *testing.T) {
	var errs []error
	r := secureRig(t, failures(&errs))
	id := r.accept()
	r.recv(id, "GET / HTTP/1.1\r\n\r\n")
	r.settle()
	if got := r.links[id].wire; string(got) != "\x15\x03\x01\x00\x02\x02\x0a" {
		t.Errorf("the answer is % x", got)
	}
	if !r.links[id].fin {
		t.Error("no FIN: a reset could overtake the alert")
	}
	r.end(id, io.EOF)
	r.settle()
	if st := r.loop.Stats(); st.Plaintext != 1 || st.HandshakeErrors != 1 || st.Handshakes != 0 || len(errs) != 1 || errs[0] != tls.ErrPlaintext {
		t.Errorf("%+v, %v", st, errs)
	}

	for _, end := range []error{io.EOF, errors.New("reset")} { // within
		c := r.connect(0)
		c.hear()
		r.recv(c.id, c.take())
		r.turn()
		r.end(c.id, end)
		r.settle()
		if r.links[c.id].open || !errors.Is(errs[len(errs)-1], end) || !strings.Contains(errs[len(errs)-1].Error(), "within the TLS handshake") {
			t.Errorf("%v", errs)
		}
	}
	if n := r.loop.Stats().HandshakeErrors; n != 3 || len(errs) != 3 || len(r.conns) != 0 {
		t.Errorf("%d errors, %v", n, errs)
	}
}

// More than a hello before any answer is a flood; much behind the handshake is a request.
func TestHandshakeFlood(t *testing.T) {
	var errs []error
	r := secureRig(t, failures(&errs), func(c *Config) { c.MaxPending = 4000 })
	c := r.connect(0)
	c.hear()
	r.recv(c.id, c.take())
	r.recv(c.id, strings.Repeat("x", 5000))
	r.settle()
	if r.links[c.id].open || len(errs) != 1 || errs[0] != errHandshakeFlood {
		t.Errorf("open %v, %v", r.links[c.id].open, errs)
	}

	c = r.connect(0)
	c.hear()
	r.recv(c.id, c.take())
	r.settle()
	c.hear()
	long := strings.Repeat("long request ", 1000)
	finished := c.take()
	r.recv(c.id, finished+c.seal(long))
	r.settle()
	if len(errs) != 1 || len(r.conns) != 1 || string(r.conns[0].data) != long {
		t.Fatalf("%v, %d connections", errs, len(r.conns))
	}
}

// A shutdown drops handshakes, and a handshake that ends in it ends the connection.
func TestShutdownInHandshake(t *testing.T) {
	r := secureRig(t)
	c, idle := r.connect(0), r.connect(0)
	_ = idle
	c.hear()
	r.recv(c.id, c.take())
	r.turn()
	r.loop.Shutdown()
	r.settle()
	if !r.stopped || r.loop.Stats().Open != 0 {
		t.Errorf("%d connections hold the shutdown up", r.loop.Stats().Open)
	}
}
