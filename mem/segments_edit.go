package mem

const (
	panicTruncate = "mem: Truncate to more bytes than there are"
	panicHeadroom = "mem: Headroom of a negative size, or of 2 GiB"
	panicPatch    = "mem: Patch of bytes that are not there"
	panicPatching = "mem: Patch of bytes that have another owner"
)

// Headroom makes sure that s is empty with room for n bytes in front of what is
// appended next, so that Prepend does not need a lease of its own: for a header that is
// known last. On Segments that hold bytes it does nothing. least is the size in
// bytes of the lease that this takes, room for what follows included.
func (s *Segments) Headroom(n, least int) {
	if n < 0 || n > maxRoom {
		panic(panicHeadroom)
	}
	if s.n > 0 {
		return
	}
	s.dropIfEmpty()
	if n == 0 {
		return
	}
	s.grow(max(n, least))
	s.tail.off, s.tail.end = n, n
	s.front, s.room = int32(n), s.room-int32(n)
}

// Prepend copies p before the first byte: into the room that Headroom left, or an earlier
// Prepend, and what does not fit into a new lease. Views handed out stay as they are; it
// must not come between handing out views and discarding what was sent of them.
func (s *Segments) Prepend(p []byte) {
	if len(p) == 0 {
		return
	}
	if s.front == 0 {
		s.dropIfEmpty()
	}
	if n := min(int(s.front), len(p)); n > 0 {
		nd := s.head
		nd.off -= n
		copy(nd.view(), p[len(p)-n:])
		s.front -= int32(n)
		s.n += n
		p = p[:len(p)-n]
	}
	if len(p) == 0 {
		return
	}
	l := s.from.Lease(len(p))
	nd := s.newNode(l, l.b.size-len(p), l.b.size)
	copy(nd.view(), p)
	if nd.next = s.head; s.head == nil {
		s.tail, s.room = nd, 0
	}
	s.head, s.front = nd, int32(min(nd.off, maxRoom))
	s.n += len(p)
}

// Truncate keeps the first n bytes and drops those behind, as a rollback does. Their
// views end. It panics when n is negative or more than Len.
func (s *Segments) Truncate(n int) {
	if uint(n) > uint(s.n) {
		panic(panicTruncate)
	}
	if n == s.n {
		return
	}
	if n == 0 {
		s.Release()
		return
	}
	s.n = n
	nd := s.head
	for have := nd.end - nd.off; n > have; have = nd.end - nd.off {
		n -= have
		nd = nd.next
	}
	cut := nd.end - nd.off - n
	nd.end -= cut
	switch {
	case nd != s.tail:
		s.dropAfter(nd)
		s.room = 0
	case s.room > 0 && nd.lease.b.sole():
		s.room += int32(cut) // nobody else has seen them
	default:
		s.room = 0
	}
}

// dropAfter releases the nodes behind nd.
func (s *Segments) dropAfter(nd *node) {
	rest := nd.next
	nd.next, s.tail = nil, nd
	for rest != nil {
		next := rest.next
		rest.release()
		rest = next
	}
}

// Patch overwrites the bytes [at, at+len(p)), as for a length that is known last. It
// panics when there are no such bytes, or when a lease that holds them has another
// owner, who may be reading. It must not touch bytes that are being sent.
func (s *Segments) Patch(at int, p []byte) {
	if at < 0 || len(p) > s.n-at {
		panic(panicPatch)
	}
	for nd := s.head; len(p) > 0; nd = nd.next {
		have := nd.end - nd.off
		if at >= have {
			at -= have
			continue
		}
		if !nd.lease.b.sole() {
			panic(panicPatching)
		}
		n := copy(nd.view()[at:], p)
		at, p = 0, p[n:]
	}
}
