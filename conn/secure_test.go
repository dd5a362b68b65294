package conn

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

var testCertificate = sync.OnceValue(func() stdtls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// secureRig is a rig whose loop speaks TLS.
func secureRig(t *testing.T, tune ...func(*Config)) *rig {
	return rigWith(t, &stdtls.Config{Certificates: []stdtls.Certificate{testCertificate()}}, tune...)
}

func rigWith(t *testing.T, std *stdtls.Config, tune ...func(*Config)) *rig {
	t.Helper()
	e, err := tls.NewEngine(tls.Config{System: std}, tls.Server)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, append([]func(*Config){func(c *Config) { c.TLS = e }}, tune...)...)
	t.Cleanup(func() { // before the rig's own, which closes the memory
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

// client is the far end of one connection of a rig.
type client struct {
	r     *rig
	id    uint32
	s     *tls.Session
	out   mem.Writer
	heard int    // bytes of the wire that were looked at
	in    []byte // of those, not used yet
	text  string // plaintext that came
	end   string // how it ended: "close_notify", an alert, or ""
}

// connect opens a connection and says nothing yet.
func (r *rig) connect(version uint16) *client {
	r.t.Helper()
	e, err := tls.NewEngine(tls.Config{System: &stdtls.Config{InsecureSkipVerify: true, MaxVersion: version}}, tls.Client)
	if err != nil {
		r.t.Fatal(err)
	}
	a := mem.NewAllocator(mem.Config{})
	c := &client{r: r, id: r.accept(), s: e.NewLoop(a).Dial("")}
	c.out.Init(a, 512)
	r.t.Cleanup(func() {
		c.s.Abort()
		c.out.Release()
	})
	return c
}

// hear takes what has come on the wire.
func (c *client) hear() {
	c.r.t.Helper()
	wire := c.r.links[c.id].wire
	c.in = append(c.in, wire[c.heard:]...)
	c.heard = len(wire)
	if !c.s.Ready() {
		used, _, err := c.s.Step(c.in, &c.out)
		c.in = c.in[used:]
		if err != nil && c.end == "" {
			c.end = err.Error()
		}
	}
	for c.s.Ready() {
		n, _ := c.s.Frame(c.in)
		if n == 0 {
			return
		}
		v, err := c.s.Open(c.in[:n])
		c.in = c.in[n:]
		c.text += string(v.Data)
		if v.Kind == tls.CloseNotify {
			c.end = "close_notify"
		}
		if err != nil {
			c.end = err.Error()
			return
		}
	}
}

// take is what it has to say, in bytes of the wire.
func (c *client) take() string {
	if c.s.Owes() {
		c.s.Pending(&c.out)
	}
	p := string(bytes.Clone(c.out.Segments().Flatten()))
	c.out.Release()
	return p
}

// seal is take with text behind it.
func (c *client) seal(text string) string {
	var from mem.Segments
	from.Init(mem.NewAllocator(mem.Config{}))
	from.AppendCopy([]byte(text))
	c.s.Encrypt(&c.out, &from, len(text))
	from.Release()
	return c.take()
}

func (c *client) bye() string {
	c.s.Close(&c.out)
	return c.take()
}

// shake shakes hands, and returns the handler.
func (c *client) shake() *script {
	c.r.t.Helper()
	before := len(c.r.conns)
	for range 10 {
		c.hear()
		if p := c.take(); p != "" {
			c.r.recv(c.id, p)
		}
		c.r.settle()
		if len(c.r.conns) > before && c.s.Ready() {
			c.hear()
			return c.r.conns[before]
		}
	}
	c.r.t.Fatalf("no handshake: %q", c.end)
	return nil
}

var bothVersions = map[string]uint16{"1.2": stdtls.VersionTLS12, "1.3": stdtls.VersionTLS13}

// A handler sees plaintext, and what it writes is read by the peer; the ends are told apart.
func TestSecureTalk(t *testing.T) {
	for name, version := range bothVersions {
		for _, piece := range []int{1, 3, 1 << 16} {
			t.Run(name, func(t *testing.T) {
				r := secureRig(t)
				c := r.connect(version)
				s := c.shake()
				if s.c.TLS() == nil || s.c.TLS().Version != version {
					t.Errorf("TLS says %+v", s.c.TLS())
				}
				for p := c.seal("hello ") + c.seal(strings.Repeat("x", 1000)) + c.seal(" there"); p != ""; {
					n := min(piece, len(p))
					r.recv(c.id, p[:n])
					p = p[n:]
				}
				if want := "hello " + strings.Repeat("x", 1000) + " there"; string(s.data) != want {
					t.Errorf("the handler saw %d bytes: %.40q", len(s.data), s.data)
				}
				s.took()
				answer := string(spillBytes(100_000))
				s.write(answer)
				r.settle()
				if c.hear(); c.text != answer {
					t.Errorf("the peer got %d bytes", len(c.text))
				}
				r.recv(c.id, c.bye())
				want(t, s.took(), "end EOF", "close_notify has come")
				r.settle()
				if c.hear(); c.end != "close_notify" || s.closed != 1 || s.err != nil {
					t.Errorf("the peer's end: %q; closed %d times for %v", c.end, s.closed, s.err)
				}
			})
		}
	}
}

// close_notify goes out before FIN, behind everything that was written.
func TestSecureCloseOrder(t *testing.T) {
	r := secureRig(t)
	c := r.connect(0)
	s := c.shake()
	r.took()
	s.write("last words")
	s.c.CloseLinger()
	r.turn()
	want(t, r.took(), "send 0", "output and close_notify leave together")
	r.sent(c.id, -1, nil)
	r.turn()
	want(t, r.took(), "closewrite 0", "FIN comes last")
	if c.hear(); c.text != "last words" || c.end != "close_notify" {
		t.Errorf("the peer got %q, %q", c.text, c.end)
	}
	r.end(c.id, io.EOF)
	r.settle()
}

// A FIN without close_notify is an error, also when it comes while paused; the peer can
// still read what it has asked for.
func TestSecureTruncation(t *testing.T) {
	for _, paused := range []bool{false, true} {
		r := secureRig(t)
		c := r.connect(0)
		s := c.shake()
		s.onEnd = func(error) {}
		if paused {
			s.c.Pause()
		}
		r.recv(c.id, c.seal("half a requ"))
		s.write("answer")
		r.end(c.id, io.EOF)
		if paused {
			want(t, s.took(), "", "it is paused")
			s.c.Resume()
			r.turn()
		}
		want(t, s.took(), "data half a requ, end "+tls.ErrTruncated.Error(), "it may have been cut")
		r.settle()
		if c.hear(); c.text != "answer" || s.err != tls.ErrTruncated {
			t.Errorf("paused %v: the peer got %q, OnClose %v", paused, c.text, s.err)
		}
	}
}

// A record that fails ends the connection: the handler is told, its output is dropped, and the
// alert reaches the peer before the end.
func TestSecureFailure(t *testing.T) {
	for _, closes := range []bool{false, true} {
		testSecureFailure(t, closes)
	}
}

func testSecureFailure(t *testing.T, closes bool) {
	r := secureRig(t)
	c := r.connect(0)
	s := c.shake()
	s.onEnd = func(error) {
		if _, _ = s.c.Output().WriteString("secret"); closes {
			s.c.Close()
		}
	}
	bad := []byte(c.seal("tampered"))
	bad[len(bad)-1] ^= 1
	r.took()
	more := c.seal("more")
	if closes {
		more = ""
	}
	r.recv(c.id, string(bad)+more)
	if got := s.took(); !strings.HasPrefix(got, "end tls: record cannot be decrypted") {
		t.Errorf("the handler is told %q", got)
	}
	r.turn()
	want(t, r.took(), "send 0", "the alert goes out")
	r.sent(c.id, -1, nil)
	r.turn()
	want(t, r.took(), "closewrite 0", "nothing may overtake it")
	if c.hear(); !strings.Contains(c.end, "bad_record_mac") || c.text != "" {
		t.Errorf("the peer got %q, %q", c.text, c.end)
	}
	r.recv(c.id, "whatever follows")
	r.end(c.id, io.EOF)
	r.settle()
	if s.closed != 1 || s.err == nil {
		t.Errorf("closed %d times, %v", s.closed, s.err)
	}
}

// The peer's alert is the reason that the handler gets, and nothing is said to it.
func TestSecureAlert(t *testing.T) {
	r := secureRig(t)
	c := r.connect(0)
	s := c.shake()
	s.write("in flight")
	r.turn()
	if _, err := c.s.Open([]byte{20, 3, 3, 0, 1, 1}); err == nil {
		t.Fatal("no error")
	}
	r.recv(c.id, c.take())
	r.settle()
	if n := r.links[c.id].sends; n != 2 {
		t.Errorf("%d sends, want those before", n)
	}
	r.end(c.id, io.EOF)
	r.settle()
	if s.closed != 1 {
		t.Errorf("closed %d times", s.closed)
	}
	if e := (*tls.PeerError)(nil); !errors.As(s.err, &e) {
		t.Errorf("OnClose: %v", s.err)
	}
}

// A paused handler is given nothing, a slow one holds the peer back, as without TLS.
func TestSecurePause(t *testing.T) {
	r := secureRig(t, func(c *Config) { c.MaxPending = 4000 })
	c := r.connect(0)
	s := c.shake()
	s.c.Pause()
	r.recv(c.id, c.seal("one "))
	r.recv(c.id, c.seal("two"))
	r.turn()
	want(t, s.took(), "", "it is paused")
	s.c.Resume()
	r.turn()
	want(t, s.took(), "data one two", "Resume redelivers")
	s.onData = none
	r.took()
	r.recv(c.id, c.seal(strings.Repeat("x", 5000)))
	want(t, r.took(), "pause 0", "too much is kept")
	s.onData = nil
	s.c.Redeliver()
	r.turn()
	want(t, r.took(), "receive 0", "it has been read")
}

// Output stands against the marks as without TLS, and one send takes MaxSend of it.
func TestSecureBackpressure(t *testing.T) {
	r := secureRig(t, func(c *Config) { c.HighWater, c.LowWater, c.MaxSend = 1000, 300, 400 })
	c := r.connect(0)
	s := c.shake()
	s.write(strings.Repeat("x", 1500))
	if !s.c.Congested() {
		t.Error("not congested")
	}
	for r.turn(); r.links[c.id].bufs != nil; r.turn() {
		if n := len(r.links[c.id].was); n > 400 {
			t.Errorf("a send of %d bytes", n)
		}
		r.sent(c.id, -1, nil)
	}
	want(t, s.took(), "drain", "it has drained, once")
	if c.hear(); len(c.text) != 1500 {
		t.Errorf("the peer got %d bytes", len(c.text))
	}
}

// asyncKey answers when the test says so.
type asyncKey struct {
	crypto.Signer
	answer chan func()
}

func (k *asyncKey) SignAsync(digest []byte, opts crypto.SignerOpts, done func([]byte, error)) {
	digest = bytes.Clone(digest)
	k.answer <- func() { done(k.Signer.Sign(rand.Reader, digest, opts)) }
}

// A signature that comes late goes on with its own connection, and with no other.
func TestSecureAsyncSignature(t *testing.T) {
	cert := testCertificate()
	key := &asyncKey{cert.PrivateKey.(crypto.Signer), make(chan func(), 4)}
	cert.PrivateKey = key
	r := rigWith(t, &stdtls.Config{Certificates: []stdtls.Certificate{cert}})
	gone := r.connect(0)
	gone.hear()
	r.recv(gone.id, gone.take())
	r.turn()
	late := <-key.answer
	r.end(gone.id, errors.New("reset"))
	r.settle()
	if r.links[gone.id].open {
		t.Fatal("the connection is there still")
	}

	c := r.connect(0) // in the same slot, and with the same memory
	if c.id != gone.id {
		t.Fatalf("slot %d, want %d", c.id, gone.id)
	}
	c.hear()
	r.recv(c.id, c.take())
	r.turn()
	late() // stale
	if r.links[c.id].sends > 0 || r.loop.conn(c.id).sec.phase != signing {
		t.Error("the answer for another connection moved this one")
	}
	(<-key.answer)()
	r.settle()
	s := c.shake()
	r.recv(c.id, c.seal("hello"))
	want(t, s.took(), "data hello", "the handshake is over")
}
