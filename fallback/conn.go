package fallback

import (
	"net"
	"sync/atomic"
)

// conn is an open connection: what both paths share. Guarded by the loop's mutex,
// but for closing and what belongs to the ready stack.
type conn struct {
	l  *Loop
	nc net.Conn
	io transport
	id uint32

	receiving bool // Receive, and no Pause or Ended since
	ended     bool // Ended was called
	sending   bool // until Sent is called
	finish    bool // CloseWrite waits for the send
	todo      bool // in the agenda's todo

	asked   int // bytes of the send in flight
	sentN   int // the outcome that Sent will report
	sentErr error

	closing atomic.Bool // Close was called
	queued  atomic.Bool // on the ready stack
	next    *conn       // the one below on that stack
}

// transport moves a connection's bytes. Its methods are called with the loop's mutex held.
type transport interface {
	start()             // right before Opened: launch the goroutines
	receive()           // conn.receiving became true
	pause()             // conn.receiving became false
	send(bufs [][]byte) // ends in conn.complete
	closeWrite()        // nothing is in flight
	close()             // conn.closing became true; ends in the agenda's gone
	woke()              // popped from the ready stack
	work()              // popped from the agenda's todo
}

// open gives nc a slot and reports it. For the acceptors.
func (l *Loop) open(nc net.Conn) {
	l.enter()
	defer l.leave()
	if l.dying {
		_ = nc.Close()
		return
	}
	id := l.begin(nc)
	l.note(didAccept, l.conns[id], 0, 0, nil)
	l.ev.Opened(id)
}

// begin gives nc a slot and starts its goroutines, which have to wait for us.
func (l *Loop) begin(nc net.Conn) (id uint32) {
	c := newConn(l, nc)
	if n := len(l.free); n > 0 {
		c.id = l.free[n-1]
		l.free = l.free[:n-1]
		l.conns[c.id] = c
	} else {
		c.id = uint32(len(l.conns))
		l.conns = append(l.conns, c)
	}
	l.force = true // so that Turn follows
	c.io.start()
	return c.id
}

func newConn(l *Loop, nc net.Conn) *conn {
	if !l.cfg.Portable {
		if c := newSocket(l, nc); c != nil {
			return c
		}
	}
	return newStream(l, nc)
}

// release ends c: its descriptor is closed and its goroutines touch nothing any more.
func (l *Loop) release(c *conn) {
	l.count++
	l.note(didClose, c, 0, 0, nil)
	l.ev.Closed(c.id)
	l.conns[c.id] = nil
	l.free = append(l.free, c.id)
}

// lookup finds an open connection on which commands still work.
func (l *Loop) lookup(id uint32) *conn {
	if int(id) >= len(l.conns) {
		return nil
	}
	c := l.conns[id]
	if c == nil || c.closing.Load() {
		return nil
	}
	return c
}

// Receive starts receiving or goes on. On the loop.
func (l *Loop) Receive(id uint32) {
	c := l.lookup(id)
	if c == nil || c.receiving || c.ended {
		return
	}
	c.receiving = true
	c.io.receive()
}

// Pause stops receiving. On the loop.
func (l *Loop) Pause(id uint32) {
	if c := l.lookup(id); c != nil && c.receiving {
		c.receiving = false
		c.io.pause()
	}
}

// Send sends bufs as one whole. On the loop.
func (l *Loop) Send(id uint32, bufs [][]byte) {
	c := l.lookup(id)
	if c == nil || c.sending {
		return
	}
	if len(bufs) > maxSendBufs {
		panic("fallback: Send of too many buffers")
	}
	c.sending = true
	c.asked = 0
	for _, b := range bufs {
		c.asked += len(b)
	}
	c.io.send(bufs)
}

// CloseWrite half-closes after the send in flight. On the loop.
func (l *Loop) CloseWrite(id uint32) {
	c := l.lookup(id)
	switch {
	case c == nil:
	case c.sending:
		c.finish = true
	default:
		c.io.closeWrite()
	}
}

// Close tears the connection down. On the loop.
func (l *Loop) Close(id uint32) {
	if c := l.lookup(id); c != nil {
		c.closing.Store(true)
		c.io.close()
	}
}

// received lends p to the application.
func (c *conn) received(p []byte) {
	c.l.count++
	c.l.note(didRead, c, 0, len(p), nil)
	c.l.ev.Received(c.id, p)
}

// end reports that nothing more will be received.
func (c *conn) end(err error) {
	c.ended = true
	c.receiving = false
	c.l.count++
	c.l.note(didRead, c, 0, 0, err)
	c.l.ev.Ended(c.id, err)
}

// complete notes the end of the send in flight. Sent follows.
func (c *conn) complete(n int, err error) {
	c.sentN, c.sentErr = n, err
	c.l.note(didWrite, c, c.asked, n, err)
	c.l.sent.push(c)
}

func (c *conn) reportSent() {
	if c.closing.Load() {
		return
	}
	n, err := c.sentN, c.sentErr
	if c.finish && err == nil {
		c.io.closeWrite()
	}
	c.sending, c.finish, c.sentErr = false, false, nil
	c.l.count++
	c.l.ev.Sent(c.id, n, err)
}
