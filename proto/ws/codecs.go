package ws

import "github.com/ringwire/ringwire/mem"

// Codecs is what a loop's connections compress and inflate with: one inflater of some 75 KiB, up to four encoders of some
// 800 KiB, and one of 1 MiB for each smaller window that a peer asks for. Each is made when it is needed first and stays.
// Codecs belongs to one goroutine at a time, like the engines that use it.
type Codecs struct {
	out mem.Writer // what was compressed of the message being sent; empty between two

	z           *inflater
	encoders    []*encoder
	clock       uint64
	compressors *mem.Pool[compressor]
}

// NewCodecs returns Codecs that hold nothing yet.
func NewCodecs() *Codecs {
	return &Codecs{compressors: mem.NewPool(mem.PoolConfig[compressor]{
		Name:  "compressed websocket",
		Reset: func(c *compressor) { *c = compressor{} },
	})}
}

func (cs *Codecs) inflater() *inflater {
	if cs.z == nil {
		cs.z = newInflater()
	}
	return cs.z
}

// disown forgets which encoder c has used.
func (cs *Codecs) disown(c *compressor) {
	for _, e := range cs.encoders {
		if e.owner == c {
			e.owner = nil
		}
	}
}

// Stats is the account of the connections that have compressed messages, or inflated them, with a context or a smaller
// window.
func (cs *Codecs) Stats() mem.PoolStats { return cs.compressors.Stats() }

// Close lets go of everything, and fails when an Engine that has used it was not released. cs stays usable.
func (cs *Codecs) Close() error {
	cs.z, cs.encoders = nil, nil
	return cs.compressors.Close()
}
