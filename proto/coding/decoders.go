package coding

import (
	"errors"
	"slices"

	"github.com/ringwire/ringwire/mem"
)

// Config says how Decoders keep what they reuse.
type Config struct {
	// Keep is how many decoders of gzip and deflate wait for reuse, some 40 KiB each. Default 64. Of
	// those for br and zstd, which keep the largest window that they had, up to 16 and 8 MiB, a
	// sixteenth as many do, at least one. Negative is none.
	Keep int
	// Heap is the rollback switch: nothing is kept.
	Heap bool
}

// Decoders makes Decoders and keeps their parts, which are large, for reuse. Any goroutine may use it;
// each Decoder is its user's.
type Decoders struct {
	decoders *mem.Pool[Decoder]
	layers   [kinds]*mem.Pool[layer]
}

// NewDecoders returns Decoders that hold nothing yet.
func NewDecoders(c Config) *Decoders {
	keep := c.Keep
	if keep == 0 {
		keep = 64
	}
	large := max(keep/16, 1)
	if keep < 0 {
		c.Heap, keep, large = true, 1, 1
	}
	ds := &Decoders{decoders: mem.NewPool(mem.PoolConfig[Decoder]{
		Name: "decoder", Reset: (*Decoder).reset, Max: keep, Shared: true, Heap: c.Heap,
	})}
	for i, kind := range [kinds]struct {
		make func() codec
		max  int
	}{
		Gzip: {newGunzip, keep}, Deflate: {newUnzlib, keep},
		Brotli: {newUnbrotli, large}, Zstd: {newUnzstd, large},
	} {
		ds.layers[i] = mem.NewPool(mem.PoolConfig[layer]{
			Name:   "decoder of " + Coding(i).String(),
			New:    func() *layer { return &layer{codec: kind.make()} },
			Reset:  (*layer).reset,
			Max:    kind.max,
			Shared: true,
			Heap:   c.Heap,
		})
	}
	return ds
}

// Get returns a Decoder for a body with the codings of list, as Parse gives it, whose encoded bytes are
// and will be appended to input. They are discarded from there as they are decoded. list is not
// kept, lim and input are until Close.
func (ds *Decoders) Get(list []Coding, lim *Limits, input *mem.Segments) *Decoder {
	d := ds.decoders.Get()
	d.home, d.src.segs = ds, input
	for _, kind := range slices.Backward(list) { // the last one applied comes off first (RFC 9110 §8.4)
		l := ds.layers[kind].Get()
		l.open(d.top(), lim)
		d.layers, d.kinds = append(d.layers, l), append(d.kinds, kind)
	}
	return d
}

func (ds *Decoders) put(d *Decoder) {
	for i, l := range slices.Backward(d.layers) {
		ds.layers[d.kinds[i]].Put(l)
	}
	ds.decoders.Put(d)
}

func (d *Decoder) reset() {
	clear(d.layers)
	*d = Decoder{layers: d.layers[:0], kinds: d.kinds[:0], buf: d.buf}
}

// Out is how many Decoders were got and not closed.
func (ds *Decoders) Out() int { return ds.decoders.Stats().Out }

// AppendPools appends the accounts of what is reused, one for each coding and one of what holds them together.
func (ds *Decoders) AppendPools(dst []mem.PoolStats) []mem.PoolStats {
	dst = append(dst, ds.decoders.Stats())
	for _, p := range ds.layers {
		dst = append(dst, p.Stats())
	}
	return dst
}

// Close lets go of what waits for reuse, and fails when Decoders are still out. ds stays usable.
func (ds *Decoders) Close() error {
	errs := []error{ds.decoders.Close()}
	for _, p := range ds.layers {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
