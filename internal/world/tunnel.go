package world

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
)

// tunnel is TLS as a client speaks it: crypto/tls makes the handshake, in a coroutine that stops where bytes are
// missing. With TLS 1.3 the records are the world's own from there on, so that keys can be updated, and records be
// padded, empty and forged. With TLS 1.2 they stay crypto/tls's.
type tunnel struct {
	c       *client
	rng     *rand.Rand // its own: a client that speaks no TLS is the same one
	fate    fate
	flight  int  // of fates in the handshake: the flight that is not sent whole
	forgeAt int  // of fateForge: the record of data, from 0
	bare    bool // it ends without close_notify

	cfg     *tls.Config
	conn    *tls.Conn
	next    func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool // nil outside of the coroutine
	version uint16
	offered bool // a ticket
	done    bool // the handshake is, or has failed: err
	err     error

	in      []byte // received, and not a whole record
	rec     []byte // what crypto/tls reads next
	out     []byte // to be written
	wrote   int    // of it
	flights int    // of the handshake that crypto/tls has made
	mute    bool   // nothing more is written, for the server does not read

	ready   bool // handshake over
	ended   bool // nothing of the speaker's is sent any more: see fate
	heard   bool // the server's close_notify has come
	said    bool // ours is sent
	served  bool // data have come
	alert   string
	firstAt int64 // when the first byte came, 0 = none

	up, down             seal // TLS 1.3
	upSecret, downSecret []byte
	tickets              uint64 // records that crypto/tls has read under down
	data                 int    // records of data that were sealed
	asks, updates        int    // for KeyUpdates of the server's, and those
	due                  bool   // one is, since the last ask
	owes                 bool   // one to the server
}

func newTunnel(c *client) *tunnel {
	t := &tunnel{c: c, rng: newRand(c.w.spec.Seed, 1<<32+uint64(c.n))}
	t.cfg = t.config()
	t.draw()
	return t
}

// begin makes the coroutine, and the first flight.
func (t *tunnel) begin() {
	t.conn = tls.Client(wire{t: t}, t.cfg)
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		t.err = t.conn.Handshake()
		t.done, t.yield = true, nil
	})
	t.resume()
}

// resume lets crypto/tls go on with a record.
func (t *tunnel) resume() {
	before := len(t.out)
	t.next()
	if len(t.out) > before {
		t.flights++
		t.spoil(before)
	}
	if t.done && !t.ready {
		t.shaken()
	}
}

// shaken looks at what a handshake has come to.
func (t *tunnel) shaken() {
	if t.err != nil {
		t.refused(t.err)
		return
	}
	state := t.conn.ConnectionState()
	switch {
	case state.Version != t.version || state.NegotiatedProtocol != "http/1.1":
		t.c.fail("handshake", "it ends with version %x and protocol %q", state.Version, state.NegotiatedProtocol)
	case state.DidResume != t.offered:
		t.c.fail("handshake", "a ticket: %t, resumed: %t", t.offered, state.DidResume)
	case !bytes.Equal(state.PeerCertificates[0].Raw, certificate().Certificate[0]):
		t.c.fail("handshake", "the certificate is another's")
	}
	if t.c.w.stats.Handshakes++; state.DidResume {
		t.c.w.stats.Resumed++
	}
	t.ready = true
	if t.version == tls.VersionTLS13 {
		if err := errors.Join(t.up.install(state.CipherSuite, t.upSecret), t.down.install(state.CipherSuite, t.downSecret)); err != nil {
			t.c.fail("handshake", "%v", err)
		}
	}
}

// push writes what is sealed, as far as it goes, in pieces of any size, at any pace. It reports whether the speaker
// may go on.
func (t *tunnel) push(now int64) bool {
	c := t.c
	if t.conn == nil {
		t.begin()
	}
	for t.wrote < len(t.out) && !t.mute {
		p := t.out[t.wrote:]
		if t.rng.IntN(4) == 0 {
			p = p[:1+t.rng.IntN(len(p))]
		}
		n, err := c.peer.Write(p)
		if err != nil {
			t.mute = true
			break
		}
		if t.wrote += n; n > 0 {
			c.sentAt = now
		}
		if n < len(p) {
			return false // there will be room
		}
		if t.wrote < len(t.out) {
			c.writeAt = now + c.pause()
			return false
		}
	}
	t.out, t.wrote = t.out[:0], 0
	if t.ended {
		t.conclude()
	}
	return t.ready && !t.ended && !t.mute
}

// pending reports that something is to be written, unless the server has ended.
func (t *tunnel) pending() bool { return t.wrote < len(t.out) && !t.mute }

// seal makes records of p, of any size.
func (t *tunnel) seal(p []byte) {
	for len(p) > 0 && !t.ended {
		n := min(len(p), maxPlain)
		if t.rng.IntN(2) == 0 {
			n = 1 + t.rng.IntN(n)
		}
		t.between()
		if t.version == tls.VersionTLS12 {
			_, _ = t.conn.Write(p[:n]) // to out, which takes everything
		} else {
			padding := 0
			if t.rng.IntN(8) == 0 {
				padding = t.rng.IntN(min(300, maxPlain-n+1))
			}
			t.out = t.up.append(t.out, p[:n], typeData, padding)
		}
		t.forge()
		t.data++
		p = p[n:]
	}
}

// between adds what may lie between records of data.
func (t *tunnel) between() {
	if t.version == tls.VersionTLS12 {
		return
	}
	if t.owes {
		t.owes = false
		t.update(0)
	}
	switch t.rng.IntN(24) {
	case 0:
		t.out = t.up.append(t.out, nil, typeData, t.rng.IntN(20))
	case 1:
		t.update(0)
	case 2:
		t.update(1)
		t.asks++
		t.due = true
	}
}

// update sends a KeyUpdate, which asks for the server's or not, and goes on to the next key (RFC 8446 §4.6.3).
func (t *tunnel) update(ask byte) {
	t.out = t.up.append(t.out, []byte{keyUpdate, 0, 0, 1, ask}, typeHandshake, 0)
	if err := t.up.update(); err != nil {
		t.c.fail("record", "%v", err)
	}
}

// farewell seals close_notify, unless the end is to be a bare one.
func (t *tunnel) farewell() {
	if t.said || t.bare || !t.ready || t.ended {
		return
	}
	t.said = true
	if t.version == tls.VersionTLS12 {
		_ = t.conn.CloseWrite()
		return
	}
	t.out = t.up.append(t.out, []byte{1, 0}, typeAlert, 0)
}

// wire is the connection that crypto/tls believes to have. It gives a record at a time, and takes everything.
type wire struct {
	noConn
	t *tunnel
}

func (w wire) Read(p []byte) (int, error) {
	t := w.t
	for len(t.rec) == 0 {
		switch {
		case t.yield == nil:
			return 0, errNotYet{}
		case !t.yield(struct{}{}):
			t.yield = nil
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(p, t.rec)
	t.rec = t.rec[n:]
	return n, nil
}

func (w wire) Write(p []byte) (int, error) {
	w.t.out = append(w.t.out, p...)
	return len(p), nil
}

// take takes bytes that have come.
func (t *tunnel) take(p []byte) {
	if t.firstAt == 0 {
		t.firstAt = t.c.w.sim.Now()
	}
	t.in = append(t.in, p...)
	rest := t.in
	for t.c.w.broken == nil && len(rest) > 0 {
		if t.heard || t.alert != "" {
			t.c.fail("surplus", "%d bytes follow the end: %q %.20x", len(rest), t.alert, rest)
			return
		}
		if len(rest) < recordHead {
			break
		}
		n := recordHead + int(binary.BigEndian.Uint16(rest[3:]))
		if n > recordHead+maxSealed {
			t.c.fail("record", "one of %d bytes", n)
			return
		}
		if len(rest) < n {
			break
		}
		t.record(rest[:n])
		rest = rest[n:]
	}
	t.in = t.in[:copy(t.in, rest)]
}

// record takes one whole record.
func (t *tunnel) record(rec []byte) {
	switch {
	case !t.ready:
		t.rec = rec
		t.resume()
	case t.version == tls.VersionTLS12:
		t.read(rec)
	default:
		t.open(rec)
	}
	if len(t.rec) > 0 && t.c.w.broken == nil {
		t.c.fail("record", "%d bytes of one are not read", len(t.rec))
	}
}

// read has crypto/tls open a record.
func (t *tunnel) read(rec []byte) {
	t.rec = rec
	for {
		n, err := t.conn.Read(t.c.w.plain)
		switch {
		case n > 0:
			t.served = true
			t.c.speak.take(t.c.w.plain[:n])
		case err == errNotYet{}:
			return
		case err == io.EOF:
			t.heard = true
			return
		default:
			t.refused(err)
			return
		}
	}
}

// open opens a record of TLS 1.3.
func (t *tunnel) open(rec []byte) {
	var whole []byte
	if t.updates == 0 && t.down.seq == t.tickets { // tickets come first, and are for crypto/tls
		whole = bytes.Clone(rec)
	}
	p, kind, err := t.down.open(rec)
	switch {
	case err != nil:
		t.c.fail("record", "one of %d bytes: %v", len(rec), err)
	case kind == typeData:
		t.served = true
		t.c.speak.take(p)
	case kind == typeAlert && len(p) == 2 && p[1] == 0:
		t.heard = true
	case kind == typeAlert && len(p) == 2:
		t.refused(errors.New(alertNames[p[1]]))
	case kind == typeHandshake && len(p) > 4 && p[0] == newSessionTicket && whole != nil:
		t.tickets++
		t.read(whole)
	case kind == typeHandshake && len(p) == 5 && p[0] == keyUpdate:
		t.updated(p[4])
	default:
		t.c.fail("record", "it holds %.40q of type %d", p, kind)
	}
}

// updated takes the server's KeyUpdate.
func (t *tunnel) updated(ask byte) {
	t.updates++
	t.due, t.owes = false, ask == 1
	if t.updates > t.asks {
		t.c.fail("key update", "%d were asked for, %d came", t.asks, t.updates)
	}
	if err := t.down.update(); err != nil {
		t.c.fail("record", "%v", err)
	}
}

// over ends the coroutine.
func (t *tunnel) over() {
	if t.stop != nil {
		t.stop()
	}
}
