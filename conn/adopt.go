package conn

import (
	"errors"
	"net"
	"slices"

	"github.com/ringwire/ringwire/tls"
)

// Opener is the Handler of a connection that this side has begun.
type Opener interface {
	Handler

	// OnOpen is the first call: from now on c may be written to, and its input comes. With TLS
	// the handshake is over, and Conn.TLS tells what was agreed on. If it fails, OnClose is
	// the only call, with the reason.
	OnOpen(c *Conn)
}

// Adopt has the loop serve nc, which is connected already. OnOpen is called later in this turn,
// never from inside Adopt; before that the Conn is good for Abort only. What nc may be, and
// whose it is: see Driver.Adopt. After an error it is still the caller's, and h is not called.
//
// Such connections are not counted against MaxConns: it is for who comes, not for whom we call.
func (l *Loop) Adopt(nc net.Conn, h Opener) (*Conn, error) {
	c, err := l.adopt(nc, h)
	if err == nil {
		c.flags |= opening
		c.mark()
	}
	return c, err
}

// AdoptTLS is Adopt with the client's side of TLS, for a server of that name: e must be of the
// client's role. The handshake has HandshakeTimeout, and is queued with those of the peers who
// come: one first step a turn, MaxHandshakes at once.
func (l *Loop) AdoptTLS(nc net.Conn, e *tls.Engine, serverName string, h Opener) (*Conn, error) {
	if e == nil || e.Role() != tls.Client {
		return nil, errNotClient
	}
	c, err := l.adopt(nc, h)
	if err != nil {
		return nil, err
	}
	l.secured(c)
	l.attach(c, l.client(e).Dial(serverName), c.addr)
	c.sec.phase = queued
	l.hellos = append(l.hellos, c.id)
	c.receive() // so that an end is heard of while it waits
	return c, nil
}

var errNotClient = errors.New("conn: adopt: the TLS engine is not of the client's role")

// adopt gives nc a Conn, whose handler is h from OnOpen on.
func (l *Loop) adopt(nc net.Conn, h Opener) (*Conn, error) {
	if l.shutting {
		return nil, ErrStopped
	}
	id, err := l.drv.Adopt(nc)
	if err != nil {
		return nil, err
	}
	l.enter() // a posted task comes without a callback
	c := l.seat(id)
	c.state, c.flags = open, outgoing
	c.handler = &awaiting{next: h}
	l.stats.Adopted++
	l.stats.Outgoing++
	return c, nil
}

// admitted hands a connection that this side has begun to its handler.
func (c *Conn) admitted(a *awaiting) {
	c.handler = a.next
	a.next.OnOpen(c)
}

// announce calls OnOpen of a connection without TLS, and begins to receive.
func (c *Conn) announce() {
	c.flags &^= opening
	if a, ok := c.handler.(*awaiting); ok && c.state == open {
		c.admitted(a)
	}
	c.receive()
}

// maxClients is how many clients' engines a loop remembers: who makes one for each connection
// must not fill the memory.
const maxClients = 8

// clientEngine is what the loop has of a client's engine.
type clientEngine struct {
	engine *tls.Engine
	loop   *tls.Loop
}

// client finds what this loop has of e, or makes it.
func (l *Loop) client(e *tls.Engine) *tls.Loop {
	for i := range l.clients {
		if l.clients[i].engine == e {
			return l.clients[i].loop
		}
	}
	if len(l.clients) == maxClients {
		l.clients = slices.Delete(l.clients, 0, 1) // sessions keep what they have of it
	}
	l.clients = append(l.clients, clientEngine{e, e.NewLoop(l.cfg.Alloc)})
	return l.clients[len(l.clients)-1].loop
}

// awaiting is the handler of a connection that this side has begun, until it is open.
type awaiting struct {
	greeter
	next Opener
}

func (a *awaiting) OnShutdown(c *Conn)         { c.fail(ErrStopped) }
func (a *awaiting) OnClose(c *Conn, err error) { a.next.OnClose(c, err) }
