package mem

const (
	panicSplit = "mem: SplitTo of more bytes than there are, or of Segments onto itself"
	panicShare = "mem: ShareTo of bytes that are not there, or of Segments onto itself"
)

// SplitTo moves the first n bytes of s to the end of dst without copying. A lease that
// holds bytes of both has an owner in each afterwards. It panics when n is negative or
// more than Len.
func (s *Segments) SplitTo(dst *Segments, n int) {
	if uint(n) > uint(s.n) || s == dst {
		panic(panicSplit)
	}
	if n == s.n {
		dst.Splice(s)
		return
	}
	if n == 0 {
		return
	}
	dst.dropIfEmpty()
	s.n, dst.n = s.n-n, dst.n+n
	s.front, dst.room = 0, 0
	for {
		nd := s.head
		have := nd.end - nd.off
		if n < have {
			if n > 0 {
				dst.link(dst.newNode(nd.lease.Clone(), nd.off, nd.off+n))
				nd.off += n
			}
			return
		}
		s.head, nd.next = nd.next, nil
		if have == 0 {
			nd.release()
			continue
		}
		n -= have
		dst.link(nd)
	}
}

// ShareTo appends the bytes [off, off+n) of s to dst without copying or removing them:
// their leases get one more owner. Neither may be patched while both have them. It panics
// when there are no such bytes.
func (s *Segments) ShareTo(dst *Segments, off, n int) {
	if off < 0 || n < 0 || n > s.n-off || s == dst {
		panic(panicShare)
	}
	if n == 0 {
		return
	}
	dst.dropIfEmpty()
	dst.n += n
	dst.room = 0
	for nd := s.head; n > 0; nd = nd.next {
		have := nd.end - nd.off
		if off >= have {
			off -= have
			continue
		}
		take := min(have-off, n)
		dst.link(dst.newNode(nd.lease.Clone(), nd.off+off, nd.off+off+take))
		off, n = 0, n-take
	}
}
