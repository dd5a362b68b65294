package ws

import (
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
)

// compressor is the codec of a connection: what its messages may refer to, in a lease for each direction. What it
// computes with is the loop's, see Codecs.
type compressor struct {
	home     *Codecs
	kind     kind
	sent     history // size 0 without a context
	received history // likewise of use only with a context; without one it lives as long as a message

	forgetful bool // the peer compresses each message on its own
}

// get returns what a connection with an agreement that is Enabled needs.
func (cs *Codecs) get(role Role, a *Compression, from *mem.Account) *compressor {
	c := cs.compressors.Get()
	noContext, bits := a.sending(role)
	c.home, c.kind = cs, kindOf(a.Level, bits)
	c.sent = history{from: from, size: min(1<<bits, keptSent)}
	if noContext {
		c.sent.size = 0
	}
	c.forgetful, bits = a.sending(role ^ Client)
	c.received = history{from: from, size: 1 << bits}
	return c
}

func (c *compressor) inflate(dst, src *mem.Segments, b bounds) *Error {
	err := c.home.inflater().inflate(dst, src, &c.received, !c.forgetful, b)
	if c.forgetful || err != nil || plant.On(plant.ContextForgotten) {
		c.received.release()
	}
	return err
}

func (c *compressor) deflate(dst *mem.Writer, p []byte) bool {
	owner := c
	if c.sent.size == 0 {
		owner = nil
	}
	e, resume := c.home.encoder(c.kind, owner)
	ok := e.encode(dst, p, c.sent.view(), resume)
	switch {
	case !ok:
		e.owner = nil // it has seen p
	case owner != nil:
		c.sent.push(p)
	}
	return ok
}

func (c *compressor) forget() {
	c.sent.release()
	c.home.disown(c)
}

func (c *compressor) release() {
	c.forget()
	c.received.release()
	c.home.compressors.Put(c)
}
