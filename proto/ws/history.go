package ws

import "github.com/ringwire/ringwire/mem"

// history is the end of what was said in one direction, which compressed data may refer to (RFC 7692 §7.1.1). It
// has a lease only while it holds bytes, one that grows with them.
//
// Invariant: 0 ≤ n ≤ size, and the first n bytes of lease are the last n that were pushed.
type history struct {
	from  *mem.Account
	lease mem.Lease
	n     int
	size  int // most bytes to keep
}

// view is a view of what is kept, until the next push or release.
func (h *history) view() []byte {
	if h.n == 0 {
		return nil
	}
	return h.lease.Bytes()[:h.n]
}

// push appends p and forgets what is too long ago.
func (h *history) push(p []byte) {
	if len(p) == 0 {
		return
	}
	p = p[max(len(p)-h.size, 0):]
	keep := min(h.n, h.size-len(p))
	old := h.lease
	grown := h.n == 0 || old.Cap() < keep+len(p)
	if grown {
		h.lease = h.from.Lease(keep + len(p))
	}
	if keep > 0 && (grown || keep < h.n) {
		copy(h.lease.Bytes(), old.Bytes()[h.n-keep:h.n])
	}
	copy(h.lease.Bytes()[keep:], p)
	if grown && h.n > 0 {
		old.Release()
	}
	h.n = keep + len(p)
}

// pushEnd appends the last n bytes of s, which keeps them.
func (h *history) pushEnd(s *mem.Segments, n int) {
	var end mem.Segments
	end.InitFor(h.from)
	n = min(n, h.size)
	s.ShareTo(&end, s.Len()-n, n)
	for end.Len() > 0 {
		p := end.First()
		h.push(p)
		end.Discard(len(p))
	}
}

// release forgets everything.
func (h *history) release() {
	if h.n > 0 {
		h.lease.Release()
	}
	h.lease, h.n = mem.Lease{}, 0
}
