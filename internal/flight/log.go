// Package flight remembers what an event loop did last and what it is doing now, so that both
// can be told while it runs, while it hangs in a handler, and when the process dies of a panic.
//
// A [Log] belongs to one loop, its writer. It keeps fixed-size entries in a buffer that is made
// once; the meaning of most fields is the driver's. Nothing that a peer has sent is among them. The
// loop calls Put, anybody may call Entries at any time.
//
// # How it works
//
// An entry is four words, each of which is stored whole. The first and the last tell the entry's number.
// The writer stores them in order; a reader looks at the last one first and at the first one last: if both
// tell the number that it looks for, what it has read in between is of that entry, else it was
// overwritten meanwhile and is left out. Nobody waits for anybody.
//
// The memory model has that right with atomic stores, which are what is used, but on amd64: there they are
// locked instructions, some of which take as long as all else that a small request needs of the
// loop. An ordinary store is one that releases there, as the processor is built, and is used instead; not
// under the race detector, which takes the language's word.
package flight

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Entry is one record.
type Entry struct {
	Seq   uint64 // its number, from 1
	At    int64  // loop time of the turn that it belongs to, to a µs
	Code  uint8
	Flags uint8
	Aux   uint16
	User  uint64
	A, B  uint32
}

// slot is where an entry lies: 32 bytes, so that two share a cache line.
type slot [4]atomic.Uint64

// Log is the last entries of one loop, and its [Activity].
type Log struct {
	Activity

	base  time.Time // the zero of the loop's time
	slots []slot    // a power of two of them, or none
	mask  uint64    // len(slots)-1
	next  uint64    // the writer's: number of the next entry
	done  atomic.Uint64
	spare []slot // while l is paused
}

// New makes a log of n entries, rounded up to a power of two; 0 or less keeps none, and has an
// Activity all the same. base is the zero of the loop's time.
func New(n int, base time.Time) *Log {
	l := &Log{base: base, next: 1}
	if n > 0 {
		l.slots = make([]slot, 1<<bits.Len(uint(min(n, maxEntries)-1)))
		l.mask = uint64(len(l.slots) - 1)
	}
	return l
}

// maxEntries is 32 MiB of them.
const maxEntries = 1 << 20

// Clock is the loop's time as it is now. Safe from any goroutine.
func (l *Log) Clock() int64 { return int64(time.Since(l.base)) }

// Keeps reports whether there is room for entries at all. A nil log keeps none.
func (l *Log) Keeps() bool { return l != nil && len(l.slots) > 0 }

// Pause has l keep nothing, and go on again: for measuring what keeping costs. On the loop, while nobody reads.
func (l *Log) Pause(on bool) {
	if on == l.Keeps() {
		l.slots, l.spare = l.spare, l.slots
	}
}

// Times are kept in units of 1024 ns, above 16 bits of the number.
const (
	timeShift = 10
	tailBits  = 16
	tailMask  = 1<<tailBits - 1
)

// Put writes the next entry of a log that Keeps, which readers see after Done. head is Head of its code, flags and aux,
// size is Size of a and b. On the loop. It is just short enough to be inlined.
func (l *Log) Put(head, user, size uint64) {
	n := l.next
	s := &l.slots[n&l.mask]
	store(&s[0], n<<32|head)
	store(&s[1], user)
	store(&s[2], size)
	store(&s[3], l.time|n&tailMask)
	l.next++
}

// Done has readers see what was Put. On the loop.
func (l *Log) Done() { store(&l.done, l.next-1) }

// Head and Size are parts of an entry, as they lie in its words.
func Head(code, flags uint8, aux uint16) uint64 {
	return uint64(aux)<<16 | uint64(flags)<<8 | uint64(code)
}
func Size(a, b uint32) uint64 { return uint64(b)<<32 | uint64(a) }

// read reads entry n, unless it is not there any more.
func (l *Log) read(n uint64) (e Entry, ok bool) {
	s := &l.slots[n&l.mask]
	tail := s[3].Load()
	size := s[2].Load()
	user := s[1].Load()
	head := s[0].Load()
	if tail&tailMask != n&tailMask || uint32(head>>32) != uint32(n) {
		return Entry{}, false
	}
	return Entry{
		Seq: n, At: int64(tail >> tailBits << timeShift), Code: uint8(head), Flags: uint8(head >> 8), Aux: uint16(head >> 16),
		User: user, A: uint32(size), B: uint32(size >> 32),
	}, true
}

// Entries are those that are kept, oldest first, and how many there have been in all. What the loop
// has overwritten meanwhile is missing. Safe from any goroutine.
func (l *Log) Entries() (list []Entry, total uint64) {
	if !l.Keeps() {
		return nil, 0
	}
	total = l.done.Load()
	list = make([]Entry, 0, min(total, uint64(len(l.slots))))
	for n := total - uint64(cap(list)) + 1; n <= total; n++ {
		if e, ok := l.read(n); ok {
			list = append(list, e)
		}
	}
	return list, total
}
