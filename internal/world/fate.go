package world

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// fate is what befalls a client's TLS, beside its end.
type fate uint8

const (
	fateNone  fate = iota
	fateStall      // a flight of the handshake never ends
	fateCut        // FIN in the middle of one
	fatePlain      // no TLS is spoken
	fateForge      // a bit of a record is not the one that was sent
)

var fateNames = [...]string{"", "stalls in the handshake", "cuts the handshake", "speaks no TLS", "is forged"}

func (f fate) String() string { return fateNames[f] }

// Alerts that are looked for, in crypto/tls's words.
const (
	unexpected = "unexpected message"
	badRecord  = "bad record MAC"
)

var alertNames = map[byte]string{10: unexpected, 20: badRecord}

// draw draws what befalls the client.
func (t *tunnel) draw() {
	r := t.rng
	t.bare = r.IntN(3) == 0
	switch n := r.IntN(48); {
	case n < 2:
		t.fate = fateStall
	case n < 4:
		t.fate = fateCut
	case n == 4:
		t.fate = fatePlain
	case n < 8:
		t.fate = fateForge
	}
	t.flight, t.forgeAt = 1+r.IntN(2), r.IntN(4)
}

// spoil has a flight of the handshake, which is out from at on, come to its fate.
func (t *tunnel) spoil(at int) {
	r := t.rng
	switch {
	case t.fate == fatePlain:
		t.out = append(t.out[:at], "GET / HTTP/1.1\r\nHost: world\r\n\r\n"...)
		t.ended = true
	case (t.fate == fateStall || t.fate == fateCut) && t.flights == t.flight:
		t.out = t.out[:at+r.IntN(len(t.out)-at)]
		t.ended = true
	case t.flights == 1 && r.IntN(4) == 0:
		t.out = fragment(t.out[:at], append([]byte(nil), t.out[at:]...), 1+r.IntN(300))
	}
}

// fragment makes several records of one of the handshake (RFC 8446 §5.1).
func fragment(dst, rec []byte, most int) []byte {
	for p := rec[recordHead:]; len(p) > 0; {
		n := min(len(p), most)
		dst = append(dst, rec[0], rec[1], rec[2], byte(n>>8), byte(n))
		dst, p = append(dst, p[:n]...), p[n:]
	}
	return dst
}

// forge changes the record that was sealed last, if that is its fate.
func (t *tunnel) forge() {
	if t.fate == fateForge && t.data == t.forgeAt {
		t.out[len(t.out)-1-t.rng.IntN(16)] ^= 1 << t.rng.IntN(8)
		t.ended = true
	}
}

// conclude does what is last, when all that is to be written is.
func (t *tunnel) conclude() {
	if t.fate == fateCut && !t.c.fin {
		t.c.fin = true
		_ = t.c.peer.CloseWrite()
	}
}

// refused takes the server's alert, or what crypto/tls has against the server.
func (t *tunnel) refused(err error) {
	text := strings.TrimPrefix(err.Error(), "remote error: tls: ")
	want := map[fate]string{fatePlain: unexpected, fateForge: badRecord}[t.fate]
	if !t.ended || text != want {
		t.c.fail("alert", "%v", err)
	}
	t.alert = text
}

// judge looks at the server's FIN. It reports whether the speaker is to look at it, too.
func (t *tunnel) judge(now int64) bool {
	c, p := t.c, t.c.w.plan
	switch shut := c.w.shutAt != 0; {
	case t.heard && t.due && c.speak.debt() == nothing:
		c.fail("key update", "%d were asked for, %d came", t.asks, t.updates)
	case len(t.in) > 0 && !t.silent():
		c.fail("truncated", "FIN in the middle of a record")
	case t.heard:
		return !t.bare || !c.fin // else it need not say anything more
	case t.alert != "", shut && !t.served: // the server's side of the handshake may not be over
	case t.ended && t.fate == fateStall:
		if d := time.Duration(now - c.dialedAt); d < p.HandshakeTimeout && !shut {
			c.fail("too early", "the server closes after %v, its handshake timeout is %v", d, p.HandshakeTimeout)
		}
	case t.ended && t.fate == fateCut:
	case c.speak.timeout().abrupt:
		return true
	default:
		c.fail("truncated", "FIN without close_notify")
	}
	return false
}

// limit is client.limit where the speaker has no say: since when, how long nothing may happen, and the rule.
func (t *tunnel) limit() (since int64, limit time.Duration, rule string) {
	c, p := t.c, t.c.w.plan
	came := p.MaxConns == 0 && p.Faults.Accept == 0
	if t.ended && t.fate == fateStall && !t.pending() && (came || t.firstAt != 0) {
		return max(t.firstAt, c.dialedAt), p.HandshakeTimeout + c.grace(), "handshake timeout"
	}
	return max(c.gotAt, c.sentAt, c.dialedAt), c.patience(), "waits in vain"
}

// silent reports that the speaker has no say.
func (t *tunnel) silent() bool { return !t.ready || t.ended }

func (t *tunnel) String() string {
	text := fmt.Sprintf(" over TLS %x", t.version)
	if t.fate != fateNone {
		text += ", " + t.fate.String()
	}
	if !t.ready {
		text += ", in the handshake"
	}
	return text
}

// FailedHandshake is told of each handshake that the server gives up, and why, in one of these words.
func (w *World) FailedHandshake(port uint16, why Refusal) {
	c := w.clients[int(port)-1024]
	t := c.tls
	switch {
	case w.plan.Faults.Reset > 0, w.stopped, c.over, c.leaveAt != 0:
	case t.ended && why == fateRefusals[t.fate]:
	default:
		c.fail("handshake", "the server gives it up: %d", why)
	}
}

// Refusal says why a handshake failed.
type Refusal uint8

// The reasons.
const (
	OtherRefusal Refusal = iota + 1
	TooSlow              // it took longer than the timeout
	Cut                  // the connection ended
	Plain                // no TLS was spoken
)

var fateRefusals = [...]Refusal{fateStall: TooSlow, fateCut: Cut, fatePlain: Plain, fateForge: 0}

// noConn is the part of a net.Conn that is not looked at.
type noConn struct{ net.Conn }

func (noConn) Close() error                     { return nil }
func (noConn) SetDeadline(time.Time) error      { return nil }
func (noConn) SetReadDeadline(time.Time) error  { return nil }
func (noConn) SetWriteDeadline(time.Time) error { return nil }
func (noConn) LocalAddr() net.Addr              { return nil }
func (noConn) RemoteAddr() net.Addr             { return nil }

// errNotYet is what reading gives when there is nothing to read and no coroutine to wait in.
type errNotYet struct{}

func (errNotYet) Error() string   { return "world: nothing has come yet" }
func (errNotYet) Timeout() bool   { return true }
func (errNotYet) Temporary() bool { return true }
