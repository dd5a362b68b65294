package conn

import "github.com/ringwire/ringwire/mem"

// giveMax is how much is copied at most. More than that is a body's, kept because nobody could
// take it: in a lease, which ends with its last byte.
const giveMax = 64 << 10

// give has the handler look at p, and returns how much of it was consumed.
//
// What the driver lends is a receive buffer, which is used again without becoming
// inaccessible in between: a handler that keeps a view over its return would read the next
// bytes that come, and no check would see it. So a checking build gives a copy of p on pages
// of its own, which end with the call. It is on this side of the driver so that it holds for
// every driver, and for what was kept.
func (c *Conn) give(p []byte) (consumed int) {
	if !mem.Checking || len(p) > giveMax {
		return c.handler.OnData(c, p)
	}
	l := c.loop.lent.Lease(len(p))
	q := l.Bytes()[:len(p):len(p)]
	copy(q, p)
	consumed = c.handler.OnData(c, q)
	copy(p, q) // the handler may have written to it
	l.Release()
	return consumed
}
