package conn

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/ringwire/ringwire/tls"
)

// Remote says whom to connect to, and how.
type Remote struct {
	Network string // as for net.Dial: "tcp", "unix" …
	Address string // likewise: "example.com:443", the path of a socket …

	// TLS secures the connection. Of the client's role. Nil: none.
	TLS *tls.Engine

	// ServerName is what the server's certificate must be for. Default: the host in Address.
	ServerName string

	// Dialer connects. Nil: the zero net.Dialer.
	Dialer *net.Dialer
}

func (to *Remote) serverName() string {
	if to.ServerName != "" {
		return to.ServerName
	}
	host, _, err := net.SplitHostPort(to.Address)
	if err != nil {
		return "" // what the engine's Config says
	}
	return host
}

// Dial connects to a Remote: it looks the name up and connects on the calling goroutine, and has
// the loop adopt the connection and make the handshake. It returns nil when h.OnOpen was called;
// from then on h is the handler, on the loop. After an error h was not called and will not be, and
// nothing is left.
//
// From any goroutine but the loop's, which it would wait for. When ctx ends first it returns at
// once with ctx's error.
func (l *Loop) Dial(ctx context.Context, to Remote, h Opener) error {
	dialer := to.Dialer
	if dialer == nil {
		dialer = new(net.Dialer)
	}
	nc, err := dialer.DialContext(ctx, to.Network, to.Address)
	if err != nil {
		return explainDial(err)
	}
	if err := l.dialed(ctx, nc, &to, h); err != nil {
		return fmt.Errorf("conn: dial %s %s: %w", to.Network, to.Address, err)
	}
	return nil
}

// dialed has the loop take nc, and waits for what becomes of it.
func (l *Loop) dialed(ctx context.Context, nc net.Conn, to *Remote, h Opener) error {
	d := &dialing{loop: l, nc: nc, to: to, h: h, done: make(chan error, 1)}
	if !l.Post(d) {
		_ = nc.Close()
		return ErrStopped
	}
	select {
	case err := <-d.done:
		return err
	case <-ctx.Done():
	}
	switch {
	case d.stage.CompareAndSwap(dialPosted, dialGivenUp):
		_ = nc.Close() // the loop will not touch it
	case d.stage.CompareAndSwap(dialAdopted, dialGivenUp):
		l.Post((*dialCancel)(d)) // a loop that has stopped has closed it
	default:
		return <-d.done // it was a moment earlier
	}
	return context.Cause(ctx)
}

// dialing is a Dial on its way: the task that has the connection adopted, then its handler until
// it is open.
type dialing struct {
	greeter
	loop  *Loop
	nc    net.Conn
	to    *Remote
	h     Opener
	stage atomic.Int32
	done  chan error

	conn *Conn // the loop's: from the adoption until it is open or gone
}

// The stages of a dialing: whose the connection is. The loop and the goroutine that dials move on
// by compare and swap, so that one of them closes it, once.
const (
	dialPosted  int32 = iota // the dialling goroutine's: the task has not run
	dialAdopted              // the loop's
	dialOpen                 // h's
	dialGivenUp              // nobody's: ctx has ended
)

// RunTask adopts.
func (d *dialing) RunTask() {
	if !d.stage.CompareAndSwap(dialPosted, dialAdopted) {
		return
	}
	var err error
	if d.to.TLS != nil {
		d.conn, err = d.loop.AdoptTLS(d.nc, d.to.TLS, d.to.serverName(), d)
	} else {
		d.conn, err = d.loop.Adopt(d.nc, d)
	}
	if err != nil {
		_ = d.nc.Close()
		d.done <- err
	}
}

// OnOpen hands over to h, unless nobody waits any more.
func (d *dialing) OnOpen(c *Conn) {
	d.conn = nil
	if !d.stage.CompareAndSwap(dialAdopted, dialOpen) {
		c.Abort(context.Canceled)
		return
	}
	c.SetHandler(d.h)
	d.h.OnOpen(c)
	d.done <- nil
}

// OnClose says that there will be no OnOpen.
func (d *dialing) OnClose(_ *Conn, err error) {
	d.conn = nil
	if err == nil {
		err = net.ErrClosed
	}
	d.done <- err
}

// dialCancel is the task that ends a connection for which nobody waits any more.
type dialCancel dialing

// RunTask ends it, if it is not open or gone.
func (d *dialCancel) RunTask() {
	if d.conn != nil {
		d.conn.Abort(context.Canceled)
	}
}
