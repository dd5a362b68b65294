package ws

import "github.com/ringwire/ringwire/mem"

// Codecs makes the compressors and decompressors of a loop's connections and keeps them for reuse. It belongs to one
// goroutine at a time, like the engines that use it.
type Codecs struct {
	out mem.Writer // what was compressed of the message being sent; empty between two
}

// NewCodecs returns Codecs that hold nothing yet.
func NewCodecs() *Codecs { return &Codecs{} }

// get returns a codec for one connection with an agreement that is Enabled.
func (cs *Codecs) get(role Role, c *Compression) codec { panic("ws: not built yet") }
