package mem

// Writer appends bytes into leases: the output of a connection. Call Init
// before use. While it holds no bytes it holds no lease. Assigning a Writer that
// holds bytes moves them, as with Segments.
//
// Bytes once written stay where they are: what Segments().Views has handed out
// to a sender is neither moved nor overwritten by later writes, until the
// sender discards it.
type Writer struct {
	s     Segments
	chunk int
}

const panicCommit = "mem: Commit of more bytes than Reserve gave room for"

// Init says where w takes its leases from and their least size in bytes, e.g.
// 4096. A long output takes larger ones, up to 64 KiB.
func (w *Writer) Init(a *Allocator, chunk int) { w.InitFor(a.accounts[0], chunk) }

// InitFor is Init for leases that are counted by purpose.
func (w *Writer) InitFor(from *Account, chunk int) {
	w.s.InitFor(from)
	w.chunk = chunk
}

// Reserve returns an empty slice with capacity n or more to append to, and
// Commit(len) then makes what was appended part of the output. The slice lives
// until the next call on w or its Segments. Its capacity may hold old bytes:
// commit only what you wrote. A reservation that is not wanted needs no Commit.
func (w *Writer) Reserve(n int) []byte {
	if uint(n) < uint(w.s.room) {
		return w.s.tail.room()
	}
	return w.reserveSlow(n)
}

func (w *Writer) reserveSlow(n int) []byte {
	if n < 0 || n > maxRoom {
		panic("mem: Reserve of a negative size, or of 2 GiB")
	}
	if w.s.room == 0 || n > int(w.s.room) {
		w.s.grow(w.s.chunkFor(n, max(n, w.chunk)))
	}
	return w.s.tail.room()
}

// Commit makes the first n bytes of the last Reserve part of the output. It
// panics when n is negative or more than the reservation's capacity.
func (w *Writer) Commit(n int) {
	if uint(n-1) >= uint(w.s.room) {
		w.commitSlow(n)
		return
	}
	w.s.tail.end += n
	w.s.n += n
	w.s.room -= int32(n)
}

// commitSlow is Commit of nothing, which lets an idle lease go, or of too much.
func (w *Writer) commitSlow(n int) {
	if n != 0 {
		panic(panicCommit)
	}
	w.s.dropIfEmpty()
}

// Write copies p to the end. It never fails.
func (w *Writer) Write(p []byte) (int, error) {
	w.s.write(p, w.chunk)
	return len(p), nil
}

// WriteString copies s to the end. It never fails.
func (w *Writer) WriteString(s string) (int, error) {
	w.s.write(bytesOf(s), w.chunk)
	return len(s), nil
}

// Len returns the number of bytes written and not discarded.
func (w *Writer) Len() int { return w.s.n }

// Append links the bytes [off, off+n) of l to the end without copying and takes
// ownership of l, as Segments.Append does.
func (w *Writer) Append(l Lease, off, n int) { w.s.Append(l, off, n) }

// Segments returns the output, for Views and Discard by the sender. It is w's
// own, valid as long as w.
func (w *Writer) Segments() *Segments { return &w.s }

// Patch overwrites the bytes [at, at+len(p)) of the output, counted from its front: a
// length or checksum that is known last. See Segments.Patch.
func (w *Writer) Patch(at int, p []byte) { w.s.Patch(at, p) }

// Truncate takes back all output behind the first n bytes, as when encoding failed half
// way: n is what Len was before. See Segments.Truncate.
func (w *Writer) Truncate(n int) { w.s.Truncate(n) }

// Headroom leaves room for n bytes that Segments().Prepend will put in front of the
// output, which must be empty.
func (w *Writer) Headroom(n int) { w.s.Headroom(n, n+w.chunk) }

// Detach moves all output to the end of dst, without copying. w is empty and usable.
func (w *Writer) Detach(dst *Segments) { dst.Splice(&w.s) }

// DetachLease moves all output, copied together if it lies in several pieces, into the
// caller's ownership: the bytes [off, off+n) of l. Without output l is not Valid. w is empty
// and usable.
func (w *Writer) DetachLease() (l Lease, off, n int) {
	s := &w.s
	if len(s.Flatten()) == 0 {
		s.Release()
		return Lease{}, 0, 0
	}
	s.dropAfter(s.head) // reserved, and never written
	nd := s.head
	l, off, n = nd.lease.Clone(), nd.off, s.n
	s.Release() // the clone stays
	return l, off, n
}

// Release drops all output and sends every lease home. w is empty and usable.
func (w *Writer) Release() { w.s.Release() }
