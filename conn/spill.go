package conn

import (
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
)

// spill keeps the bytes that a handler has not consumed, in one piece. Only a message
// that straddles receive buffers comes here, so an idle connection has none.
type spill struct {
	lease    mem.Lease
	from, to int32 // the kept bytes within the lease
}

func (s *spill) len() int { return int(s.to - s.from) }

// bytes is a view of what is kept, valid until the next call of any other method.
func (s *spill) bytes() []byte {
	if s.to == s.from {
		return nil
	}
	return s.lease.Bytes()[s.from:s.to]
}

// add appends a copy of p. The lease grows by doubling so that a message that
// arrives byte by byte is copied a constant number of times.
func (s *spill) add(a *mem.Account, p []byte) {
	n := s.len()
	if s.lease.Valid() && int(s.to)+len(p) <= s.lease.Cap() {
		s.to += int32(copy(s.lease.Bytes()[s.to:], p))
		return
	}
	old, kept := s.lease, s.bytes()
	if s.lease.Valid() && n+len(p) <= s.lease.Cap()/2 {
		copy(s.lease.Bytes(), kept)
	} else {
		s.lease = a.Lease(max(n+len(p), 2*n))
		copy(s.lease.Bytes(), kept)
		if old.Valid() {
			old.Release()
		}
	}
	s.from, s.to = 0, int32(n+copy(s.lease.Bytes()[n:], p))
}

// discard drops n bytes from the front; the lease goes home with the last one.
func (s *spill) discard(n int) {
	if s.from += int32(n); s.from >= s.to {
		if plant.On(plant.LeaseLost) {
			*s = spill{}
		}
		s.release()
	}
}

func (s *spill) release() {
	if s.lease.Valid() {
		s.lease.Release()
	}
	*s = spill{}
}
