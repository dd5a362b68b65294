package mem

import (
	"io"
	"math"
	"unsafe"
)

// Segments is a queue of bytes in leased pieces: appended to at the back, read
// and discarded at the front, never moved in between. Call Init before use, unless
// what fills it says that it does. One goroutine at a time, one that may release
// the leases in it. Assigning a Segments that holds bytes moves them: the source
// must not be used again before its Init.
//
// Views of its bytes are borrowed: they live until the bytes are discarded,
// read, flattened or released, whichever way. Appending and splicing leave them
// alone.
//
// Invariant: n is the sum of the nodes' bytes; the first node has bytes unless
// n is 0; the front bytes before the first node's and the room bytes behind the last
// node's were never shown to anyone.
type Segments struct {
	from  *Account // where leases are taken
	head  *node
	tail  *node
	n     int
	front int32
	room  int32
}

// maxRoom is the most free room that is used of one lease.
const maxRoom = math.MaxInt32

const (
	panicDiscard = "mem: Discard of more bytes than there are"
	panicAppend  = "mem: Append outside of the lease"
	panicSplice  = "mem: Splice of Segments onto itself"

	// Appended bytes take leases as large as what is there already, so that a
	// stream of small pieces makes a short chain, up to this size.
	maxChunk = 64 << 10
)

// Init says where s takes leases from for the bytes it has to copy.
func (s *Segments) Init(a *Allocator) { s.InitFor(a.accounts[0]) }

// InitFor is Init for leases that are counted by purpose.
func (s *Segments) InitFor(from *Account) { *s = Segments{from: from} }

// EnsureFor is InitFor where neither has been called.
func (s *Segments) EnsureFor(from *Account) {
	if s.from == nil {
		s.InitFor(from)
	}
}

// Len returns the number of bytes.
func (s *Segments) Len() int { return s.n }

// Append links the bytes [off, off+n) of l to the end without copying and takes
// ownership of l: it is released when they are discarded, at once when n is 0.
// Nothing is ever written into l. It panics when the bytes are outside of l.
func (s *Segments) Append(l Lease, off, n int) {
	if off < 0 || n < 0 || n > l.Cap()-off {
		panic(panicAppend)
	}
	if n == 0 {
		l.Release()
		return
	}
	s.dropIfEmpty()
	s.link(s.newNode(l, off, off+n))
	s.n += n
	s.room = 0
}

// AppendCopy copies p to the end: into the room behind the last bytes, then
// into new leases. Views handed out stay as they are.
func (s *Segments) AppendCopy(p []byte) { s.write(p, 0) }

// Views appends up to max views, of the bytes from the front in order, to dst
// and returns it. No view is empty. Lifetime: see Segments.
func (s *Segments) Views(dst [][]byte, max int) [][]byte {
	for nd := s.head; nd != nil && max > 0; nd = nd.next {
		if nd.off < nd.end {
			dst = append(dst, nd.view())
			max--
		}
	}
	return dst
}

// First returns a view of the bytes in the first piece, nil when there are none.
// Lifetime: see Segments.
func (s *Segments) First() []byte {
	if s.n == 0 {
		return nil
	}
	return s.head.view()
}

// Discard drops n bytes from the front and releases the leases that this
// empties; with the last byte goes the last lease. It panics when n is negative
// or more than Len.
func (s *Segments) Discard(n int) {
	if uint(n) > uint(s.n) {
		panic(panicDiscard)
	}
	s.n -= n
	if s.n == 0 {
		s.Release()
		return
	}
	if n > 0 {
		s.front = 0
	}
	for {
		nd := s.head
		have := nd.end - nd.off
		if n < have {
			nd.off += n
			return
		}
		n -= have
		s.head = nd.next
		nd.release()
	}
}

// Read moves bytes from the front into p. At the end it returns io.EOF.
func (s *Segments) Read(p []byte) (int, error) {
	if s.n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	done := 0
	for done < len(p) && s.n > 0 {
		n := copy(p[done:], s.First())
		s.Discard(n)
		done += n
	}
	return done, nil
}

// WriteTo writes all bytes to w, piece by piece, and discards what w took. It
// stops at w's first error and returns it; io.ErrShortWrite when w takes less
// than it was given and says nothing.
func (s *Segments) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for s.n > 0 {
		p := s.First()
		n, err := w.Write(p)
		if n < 0 || n > len(p) {
			panic("mem: WriteTo: invalid count from Write")
		}
		s.Discard(n)
		total += int64(n)
		if err != nil {
			return total, err
		}
		if n < len(p) {
			return total, io.ErrShortWrite
		}
	}
	return total, nil
}

// Flatten returns all bytes as one view. If they lie in several pieces it first
// copies them into one lease, which ends all earlier views and is counted in
// Stats.Flattened: large payloads are better read piece by piece. Lifetime: see Segments.
func (s *Segments) Flatten() []byte {
	if first := s.First(); len(first) == s.n {
		return first
	}
	n := s.n
	var flat Segments
	flat.InitFor(s.from)
	flat.grow(n)
	for nd := s.head; nd != nil; nd = nd.next {
		flat.fill(nd.view())
	}
	s.Release()
	*s = flat
	s.from.noteFlattened(n)
	return s.First()
}

// Splice moves all bytes of from to the end of s without copying; from is empty
// afterwards. The leases stay their allocators': the goroutine that owns s
// must be one that may release them. Views stay valid.
func (s *Segments) Splice(from *Segments) {
	if s == from {
		panic(panicSplice)
	}
	if from.n == 0 {
		from.Release()
		return
	}
	s.dropIfEmpty()
	if s.head == nil {
		s.head, s.front = from.head, from.front
	} else {
		s.tail.next = from.head
	}
	s.tail, s.room = from.tail, from.room
	s.n += from.n
	from.InitFor(from.from)
}

// Release drops all bytes and sends every lease home. s is empty and usable.
func (s *Segments) Release() {
	nd := s.head
	*s = Segments{from: s.from}
	for nd != nil {
		next := nd.next
		nd.release()
		nd = next
	}
}

// dropIfEmpty releases a lease that was reserved in and never written.
func (s *Segments) dropIfEmpty() {
	if s.n == 0 && s.head != nil {
		s.Release()
	}
}

func (s *Segments) link(nd *node) {
	if s.head == nil {
		s.head = nd
	} else {
		s.tail.next = nd
	}
	s.tail = nd
}

// grow links a new lease of at least n bytes with none of them written.
func (s *Segments) grow(n int) {
	s.dropIfEmpty()
	l := s.from.Lease(n)
	s.link(s.newNode(l, 0, 0))
	s.room = int32(min(l.b.size, maxRoom))
}

// write copies p to the end, taking leases of at least chunk bytes.
func (s *Segments) write(p []byte, chunk int) {
	for {
		p = p[s.fill(p):]
		if len(p) == 0 {
			return
		}
		s.grow(s.chunkFor(len(p), chunk))
	}
}

// fill copies as much of p as there is room for, and returns how much.
func (s *Segments) fill(p []byte) int {
	if s.room == 0 {
		return 0
	}
	n := copy(s.tail.room()[:s.room], p)
	s.tail.end += n
	s.n += n
	s.room -= int32(n)
	return n
}

// chunkFor sizes the next lease for n more bytes.
func (s *Segments) chunkFor(n, chunk int) int {
	return max(min(max(n, s.n), maxChunk), chunk)
}

// bytesOf returns s's bytes, to be read only.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
