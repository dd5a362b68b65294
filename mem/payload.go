package mem

import "errors"

// ErrSpent is returned by a Payload that holds nothing (any more): it was handed over or
// released before, or never filled.
var ErrSpent = errors.New("mem: payload was handed over already, or never filled")

// Payload is a finished body that is handed over once. Its sender gets it by MoveTo, sends
// its bytes by ShareTo as often as attempts are needed, and releases it when there will be
// no more; its giver may release what he gave, too, which does nothing then. So a
// body goes home exactly once, whether it was sent, failed, was cancelled or retried.
//
// The zero Payload is spent. It must not be copied. One goroutine at a time, one that may
// release the leases in it: for a loop to send what another goroutine has built they come
// from an allocator with Config.Shared.
type Payload struct {
	s    Segments
	full bool
	_    noCopy
}

// noCopy has go vet find copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

const panicFill = "mem: Fill of a payload that is full"

// Fill moves all output of w into p, without copying; no output makes an empty body. w is
// empty and usable. It panics when p is full: what is there would be lost.
func (p *Payload) Fill(w *Writer) {
	if p.full {
		panic(panicFill)
	}
	p.s.InitFor(w.s.from)
	w.Detach(&p.s)
	p.full = true
}

// Len returns the number of bytes, 0 when p is spent.
func (p *Payload) Len() int { return p.s.Len() }

// Spent reports whether p holds no body.
func (p *Payload) Spent() bool { return !p.full }

// MoveTo hands the body over to dst, which must be spent; p is afterwards. It returns
// ErrSpent when p is already.
func (p *Payload) MoveTo(dst *Payload) error {
	if !p.full {
		return ErrSpent
	}
	if dst.full {
		panic(panicFill)
	}
	dst.s, dst.full = p.s, true
	p.spend()
	return nil
}

// AppendTo moves the bytes to the end of dst, for who sends them once; p is spent afterwards.
// It returns ErrSpent when it is already.
func (p *Payload) AppendTo(dst *Segments) error {
	if !p.full {
		return ErrSpent
	}
	dst.Splice(&p.s)
	p.spend()
	return nil
}

// ShareTo appends the bytes to dst without copying and keeps them for another attempt. It
// returns ErrSpent when there is none.
func (p *Payload) ShareTo(dst *Segments) error {
	if !p.full {
		return ErrSpent
	}
	p.s.ShareTo(dst, 0, p.s.Len())
	return nil
}

// Release gives the body back. What is spent it leaves alone, so that it can be deferred.
func (p *Payload) Release() {
	if p.full {
		p.s.Release()
		p.spend()
	}
}

func (p *Payload) spend() {
	p.s = Segments{from: p.s.from}
	p.full = false
}
