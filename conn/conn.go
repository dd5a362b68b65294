package conn

import (
	"net/netip"

	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
)

// Handler speaks a protocol on one connection. All methods run on the loop and must
// not block. A handler may be shared by connections or made for each.
type Handler interface {
	// OnData is given everything received and not yet consumed, in one piece; p is
	// borrowed until the return and may be written to. It returns how many bytes it
	// consumed; the rest is kept and given again, with what follows. After a return
	// that consumed nothing because the handler cannot go on, Conn.Redeliver asks
	// for the same bytes again.
	OnData(c *Conn, p []byte) (consumed int)

	// OnEnd says that no more input follows what OnData has seen: err is io.EOF for
	// the peer's FIN, else why receiving failed. After io.EOF the connection can still
	// send; after another error it is closed when OnEnd returns. While paused io.EOF waits
	// for Resume, as OnData does.
	OnEnd(c *Conn, err error)

	// OnDrain says that the output has fallen to the low-water mark, once after
	// Congested has said yes.
	OnDrain(c *Conn)

	// OnTimeout says that the deadline set by SetDeadline has passed; it is cleared.
	OnTimeout(c *Conn)

	// OnShutdown asks for an orderly end: finish what has begun, then Close.
	OnShutdown(c *Conn)

	// OnClose is the last call. err says why the connection failed, nil when this
	// side closed it. The Conn and its output are gone after the return.
	OnClose(c *Conn, err error)
}

type state uint8

const (
	free      state = iota // the slot is not in use
	parked                 // accepted above the limit, not served yet
	open                   // both directions in use
	flushing               // Close was called: output is still to go out
	lingering              // our FIN is out, the peer's is awaited and its bytes thrown away
	closing                // the driver tears it down
)

// Conn is one connection, owned by its loop. It is valid until its handler's OnClose
// returns, and for the loop's goroutine only.
type Conn struct {
	loop    *Loop
	handler Handler
	err     error // why it failed

	sec *secure // nil without TLS

	out   mem.Writer // written, not yet acknowledged by the driver (with TLS: not yet sealed); the front may be in flight
	spill spill      // received, not yet consumed

	readAt  int64 // the handler's deadline, loop time, 0 = none
	writeAt int64 // when the send in flight counts as stuck, 0 = none
	timer   timerLink

	id    uint32
	state state
	flags flags
}

type flags uint16

const (
	sending   flags = 1 << iota // a send is in flight
	dirty                       // in the loop's list of connections to look at in Turn
	redeliver                   // OnData is wanted again with what is kept
	paused                      // the handler asked for no more input
	choked                      // the spill is full: receiving is stopped until it is read
	ended                       // OnEnd was called
	high                        // output was above the high-water mark: OnDrain is due
	linger                      // after flushing, wait for the peer's end
	outgoing                    // this side has begun
	opening                     // OnOpen is due in Turn
	endDue                      // OnEnd is still due: the end came while paused, or before this handler
)

func (c *Conn) has(f flags) bool { return c.flags&f != 0 }

// ID is the connection's slot number on its loop: small, dense, reused after OnClose.
func (c *Conn) ID() uint32 { return c.id }

// Loop returns the loop that owns the connection.
func (c *Conn) Loop() *Loop { return c.loop }

// Handler returns what speaks on the connection.
func (c *Conn) Handler() Handler { return c.handler }

// SetHandler makes h speak from the next callback on, as after an upgrade. If the input
// has ended already h is told so, after what Redeliver brings.
func (c *Conn) SetHandler(h Handler) {
	c.handler = h
	if c.has(ended) {
		c.flags |= endDue
		c.mark()
	}
}

// RemoteAddr is the peer's address, the zero AddrPort if it is not an IP address.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.loop.drv.RemoteAddr(c.id) }

// LocalAddr is our own address, the zero AddrPort if it is not an IP address.
func (c *Conn) LocalAddr() netip.AddrPort { return c.loop.drv.LocalAddr(c.id) }

// Output is where output is appended. Nothing leaves before Flush. It must not be used
// after Close.
func (c *Conn) Output() *mem.Writer { return &c.out }

// Flush has the output sent at the end of this turn.
func (c *Conn) Flush() { c.mark() }

// Buffered is the number of output bytes that the driver has not yet taken over.
func (c *Conn) Buffered() int { return c.unsent() }

// Congested reports whether the output stands above the high-water mark. OnDrain
// follows once it has fallen to the low-water mark.
func (c *Conn) Congested() bool {
	if c.out.Len() <= c.loop.cfg.HighWater {
		return false
	}
	c.flags |= high
	return true
}

// Sending reports whether the driver has not yet taken over what it was given in an earlier turn. Sockets
// with room take it at once: it is the peer that does not read, or not fast enough.
func (c *Conn) Sending() bool { return c.has(sending) }

// AwaitDrain has OnDrain called once what is being sent is through and the output stands at
// the low-water mark or below, although it was not Congested.
func (c *Conn) AwaitDrain() { c.flags |= high }

// Kept is the number of received bytes that the handler has left unconsumed.
func (c *Conn) Kept() int { return c.spill.len() }

// Redeliver has OnData called later in this turn with what is kept, if anything is.
func (c *Conn) Redeliver() {
	c.flags |= redeliver
	c.mark()
}

// Pause stops receiving until Resume. Bytes already on their way are kept.
func (c *Conn) Pause() {
	if !c.has(paused) && c.state != closing {
		c.flags |= paused
		c.loop.drv.Pause(c.id)
	}
}

// Resume goes on receiving after Pause, and redelivers what is kept.
func (c *Conn) Resume() {
	if c.has(paused) {
		c.flags &^= paused
		c.receive()
		c.Redeliver()
	}
}

// receive tells the driver to receive if nothing holds it back.
func (c *Conn) receive() {
	if c.flags&(paused|choked|ended) == 0 && c.state != closing && c.state != free {
		c.loop.drv.Receive(c.id)
	}
}

// SetDeadline has OnTimeout called when loop time at (Loop.Now's clock) has passed,
// up to two ticks (9 ms) late. 0 clears it. It costs a store unless the deadline moves forward.
func (c *Conn) SetDeadline(at int64) {
	if c.state == closing {
		return // its slot must not be left in the wheel
	}
	c.readAt = at
	c.arm()
}

// deadline is the nearer of the two deadlines, 0 when there is none.
func (c *Conn) deadline() int64 {
	if c.readAt == 0 || c.writeAt != 0 && c.writeAt < c.readAt {
		return c.writeAt
	}
	return c.readAt
}

func (c *Conn) arm() {
	at := c.deadline()
	if at == 0 || c.timer.at != 0 && (c.timer.at <= tickOf(at) || plant.On(plant.DeadlineNotArmed)) {
		return
	}
	w := &c.loop.wheel
	w.remove(c.loop, c)
	w.insert(c.loop, c, at)
}

// due is called when the connection's bucket has come round.
func due(l *Loop, c *Conn) {
	at := c.deadline()
	if at > l.now {
		l.wheel.insert(l, c, at)
		return
	}
	if at == 0 {
		return
	}
	if c.writeAt != 0 && c.writeAt <= l.now {
		l.stats.WriteTimeouts++
		c.fail(ErrWriteStalled)
		return
	}
	c.readAt = 0
	c.arm()
	if c.state == lingering {
		c.teardown()
		return
	}
	c.handler.OnTimeout(c)
}

// mark puts the connection on the list that Turn works through.
func (c *Conn) mark() {
	if !c.has(dirty) {
		c.flags |= dirty
		c.loop.dirty = append(c.loop.dirty, c.id)
	}
}

// Close ends the connection in order: what was written goes out first, bounded by the
// write timeout, then the socket is closed. Input is no longer delivered; if some arrives
// all the same, or was left, this is CloseLinger.
func (c *Conn) Close() { c.closeWith(0) }

// CloseLinger is Close for a peer that may still be sending: after our FIN its bytes
// are read and thrown away for a while, because closing a socket with unread bytes
// resets the connection, and the reset can overtake the response (RFC 9112 §9.6).
func (c *Conn) CloseLinger() { c.closeWith(linger) }

func (c *Conn) closeWith(f flags) {
	if c.state != open {
		return
	}
	c.state = flushing
	c.readAt = 0
	if f&linger != 0 || c.has(paused) {
		c.surplus() // what a paused connection has not read may be there
	}
	c.mark()
}

// closeFor is Close because of an error.
func (c *Conn) closeFor(err error) {
	if c.err == nil && c.state == open {
		c.err = err
	}
	c.closeWith(0)
}

// surplus makes a connection that is about to be closed linger, because its peer sends
// more than anybody reads.
func (c *Conn) surplus() {
	if c.state != flushing {
		return
	}
	c.flags |= linger
	// Someone who neither reads nor ends must not keep a closing connection for ever.
	if c.flags&(choked|paused) != 0 {
		c.flags &^= choked | paused
		c.receive()
	}
}

// Abort closes the connection at once; output that has not left is lost.
func (c *Conn) Abort(err error) { c.fail(err) }

// fail tears the connection down and remembers the first reason.
func (c *Conn) fail(err error) {
	if c.err == nil && c.state != closing {
		c.err = err
	}
	c.teardown()
}

func (c *Conn) teardown() {
	if c.state == closing || c.state == free {
		return
	}
	c.state = closing
	c.readAt, c.writeAt = 0, 0
	if plant.On(plant.OutputRecycled) {
		c.sendable().Release()
	}
	c.loop.drv.Close(c.id)
}
