package world

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// end is how a client ends.
type end uint8

const (
	endLeave    end = iota // goes after the last answer
	endHalf                // FIN behind the last request, then waits for the server's
	endServer              // the last request has the server close
	endIdle                // stays, until the server has enough of it
	endCut                 // FIN in the middle of the last request
	endSlowHead            // never ends the last head
	endSlowBody            // never ends the last body
	endStall               // does not read
	endGone                // goes at any time
	endReset               // breaks off at any time
	ends
)

var endNames = [ends]string{"leaves", "half-closes", "is closed", "idles", "cuts", "slow head", "slow body", "stalls", "vanishes", "resets"}

func (e end) String() string { return endNames[e] }

// drawEnd draws one: those that go on until a timeout are rarer, for they take up a place.
func drawEnd(r *rand.Rand) end {
	switch n := r.IntN(100); {
	case n < 30:
		return endLeave
	case n < 50:
		return endHalf
	case n < 65:
		return endServer
	case n < 71:
		return endIdle
	case n < 77:
		return endCut
	case n < 80:
		return endSlowHead
	case n < 83:
		return endSlowBody
	case n < 85:
		return endStall
	case n < 93:
		return endGone
	}
	return endReset
}

// speaker is what a client speaks. It has the client's transport for itself.
type speaker interface {
	String() string

	// next appends what is to be sent next to dst, or says that nothing is for now.
	next(dst []byte) []byte

	// take takes bytes that have come.
	take(p []byte)

	// ended takes the server's FIN.
	ended()

	// waits says what for, "" when everything has come.
	waits() string

	// debt is what the server owes.
	debt() debt

	// midway reports that a part of an answer has come.
	midway() bool

	// timeout is what ends the connection as it is now; with no rule nothing does that one waits for.
	timeout() timeout
}

// debt is what a server owes its client.
type debt uint8

const (
	nothing  debt = iota // it has been sent nothing since its last answer
	answers              // some, or the end
	byLimits             // what only a timeout brings
)

// client is one connection's far end. It acts when its time has come, or something has.
type client struct {
	w     *World
	n     int
	rng   *rand.Rand
	peer  *sim.Peer
	tls   *tunnel // nil: none
	speak speaker
	end   end

	out     []byte // to be written
	wrote   int    // of it
	writeAt int64  // when to go on writing; 0 = when there is room
	leaveAt int64  // for those that leave at any time
	finDue  bool   // the FIN follows out
	fin     bool   // and is written
	deaf    bool   // does not read
	readAt  int64  // but begins to then; 0 = never
	woke    bool   // reads again: the server has had enough by now

	wakeAt   int64 // when its turn comes, 0 = when something has
	dialedAt int64
	beganAt  int64 // when the first byte of out was written
	sentAt   int64 // when the last byte was written
	gotAt    int64 // when the last byte was read
	settled  int64 // when the last answer was whole
	got      int64 // bytes
	over     bool
}

func newClient(w *World, n int) *client {
	c := &client{w: w, n: n, rng: newRand(w.spec.Seed, uint64(n)+1)}
	c.end = drawEnd(c.rng)
	if w.plan.TLS {
		c.tls = newTunnel(c)
	}
	if c.rng.IntN(16) == 0 {
		c.speak = newSocket(c)
	} else {
		c.speak = newBrowser(c)
	}
	if c.end == endGone || c.end == endReset {
		c.leaveAt = c.rng.Int64N(int64(20 * time.Millisecond))
		if c.rng.IntN(4) == 0 {
			c.leaveAt *= 100
		}
	}
	return c
}

// wake has the client act at a time, or earlier if that was to be.
func (c *client) wake(at int64) {
	if c.over || c.wakeAt != 0 && c.wakeAt <= at {
		return
	}
	c.wakeAt = at
	c.w.agenda.add(event{at: at, n: c.n, c: c})
}

// changed is called in the middle of the server's turn.
func (c *client) changed() { c.wake(c.w.sim.Now() + int64(c.peer.Way()) + int64(5*time.Microsecond)) }

func (c *client) fail(kind, format string, args ...any) {
	over := ""
	if c.tls != nil {
		over = c.tls.String()
	}
	c.w.Fail(kind, c.n, "%s%s (%s): %s", c.speak, over, c.end, fmt.Sprintf(format, args...))
}

// act does what there is to do.
func (c *client) act(now int64) {
	if c.peer == nil {
		c.dial(now)
	}
	if c.leaveAt != 0 && now >= c.leaveAt {
		if c.end == endReset {
			c.peer.Reset()
			c.done()
		} else {
			c.leave(now)
		}
		return
	}
	if c.readAt != 0 && now >= c.readAt {
		c.deaf, c.readAt = false, 0
	}
	if !c.deaf || c.tls != nil && c.tls.silent() {
		c.read(now)
	}
	if !c.over && now >= c.writeAt {
		c.write(now)
	}
	if !c.over {
		c.wait(now)
	}
}

func (c *client) dial(now int64) {
	c.dialedAt, c.gotAt, c.settled = now, now, now
	c.peer = c.w.sim.DialAs(uint64(c.n))
	c.peer.OnChange(c.changed)
	if c.leaveAt != 0 {
		c.leaveAt += now
	}
	if c.readAt != 0 {
		c.readAt += now
	}
}

// write writes what is to be written, in pieces of any size, at any pace.
func (c *client) write(now int64) {
	c.writeAt = 0
	if c.tls != nil && !c.tls.push(now) {
		return
	}
	if c.wrote == len(c.out) {
		c.more(now)
	}
	for c.wrote < len(c.out) {
		p := c.out[c.wrote:]
		if c.rng.IntN(4) == 0 {
			p = p[:1+c.rng.IntN(len(p))]
		}
		if !c.put(p, now) {
			return
		}
		if c.wrote < len(c.out) {
			c.writeAt = now + c.pause()
			return
		}
		c.more(now)
	}
	if c.finDue && !c.fin {
		c.finish(now)
	}
}

// put writes p, as much as there is room for. It reports whether to go on.
func (c *client) put(p []byte, now int64) bool {
	if c.tls != nil {
		c.tls.seal(p)
		c.wrote += len(p)
		return c.tls.push(now)
	}
	n, err := c.peer.Write(p)
	if err != nil {
		c.wrote = len(c.out) // what the server had to say before that is still to be read
		return false
	}
	if c.wrote += n; n > 0 {
		c.sentAt = now
	}
	return n == len(p) // else there will be room
}

// unwritten reports that something is still to be written.
func (c *client) unwritten() bool {
	return c.wrote < len(c.out) || c.tls != nil && c.tls.pending()
}

// finish half-closes. Over TLS close_notify comes first, which may be all, or not at all.
func (c *client) finish(now int64) {
	if c.tls != nil {
		if c.tls.farewell(); !c.tls.push(now) {
			return
		}
	}
	c.fin = true
	if c.tls == nil || c.tls.bare || c.tls.rng.IntN(4) > 0 {
		_ = c.peer.CloseWrite()
	}
}

// leave closes altogether. Over TLS close_notify may come first, as far as there is room.
func (c *client) leave(now int64) {
	if c.tls != nil && c.tls.ready {
		c.tls.farewell()
		c.tls.push(now)
	}
	_ = c.peer.Close()
	c.done()
}

// more asks for what is to be sent next.
func (c *client) more(now int64) {
	if c.out, c.wrote = c.speak.next(c.out[:0]), 0; len(c.out) > 0 {
		c.beganAt = now
	}
}

const longestPause = 300 * time.Millisecond

// pause is how long a client thinks.
func (c *client) pause() int64 {
	switch c.rng.IntN(8) {
	case 0:
		return c.rng.Int64N(int64(longestPause))
	case 1, 2:
		return c.rng.Int64N(int64(5 * time.Millisecond))
	}
	return c.rng.Int64N(int64(200 * time.Microsecond))
}

// read reads what has come, in pieces of any size.
func (c *client) read(now int64) {
	for !c.over {
		b := c.w.buf
		if c.rng.IntN(3) == 0 {
			b = b[:1+c.rng.IntN(300)]
		}
		n, err := c.peer.Read(b)
		if n > 0 {
			c.gotAt = now
			c.got += int64(n)
			if c.tls != nil {
				c.tls.take(b[:n])
			} else {
				c.speak.take(b[:n])
			}
		}
		switch {
		case c.w.broken != nil:
			c.over = true
		case err == io.EOF:
			c.ended(now)
		case err != nil:
			c.broke(err)
		case c.end == endLeave && c.speak.waits() == "":
			c.leave(now)
		case n == 0:
			return
		case c.rng.IntN(8) == 0:
			c.wake(now + c.pause()) // reads slowly
			return
		}
	}
}

// ended judges the server's FIN.
func (c *client) ended(now int64) {
	if !c.w.stopped && !c.woke && (c.tls == nil || c.tls.judge(now)) {
		if c.speak.ended(); c.w.broken == nil {
			c.judgeEnd(now)
		}
	}
	_ = c.peer.Close()
	c.done()
}

// broke judges a reset.
func (c *client) broke(err error) {
	switch {
	case c.w.plan.Faults.Reset > 0, c.w.stopped:
	case c.w.shutAt != 0 && !c.speak.midway(): // what was on its way when the server closed is not read any more
	case c.woke, c.tls != nil && c.tls.ended:
	default:
		c.fail("reset", "%v; waits for %s", err, c.speak.waits())
	}
	c.done()
}

func (c *client) done() {
	c.over = true
	if c.tls != nil {
		c.tls.over()
	}
	c.w.left--
	c.w.stats.Conns++
	c.w.stats.Ends[c.end]++
	c.out = nil
}
