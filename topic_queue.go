package ringwire

import "github.com/ringwire/ringwire/internal/plant"

// topicRoom is how much may wait, and what happens beyond.
type topicRoom struct {
	policy          SlowPolicy
	messages, bytes int
}

// topicQueue is what waits for one subscriber. It exists while that is behind.
type topicQueue struct {
	room  *topicRoom
	pools *topicPools

	ring  []*topicFrame // a power of two of them
	head  int           // of the first
	n     int           // frames
	bytes int           // of theirs

	// With Conflate: where in ring a key waits, plus one; 0 is free. A table with open addresses, at most
	// half full.
	index []uint32
}

// topicVerdict is what has become of a message.
type topicVerdict uint8

const (
	topicQueued topicVerdict = iota
	topicConflated
	topicDropped
	topicSlow // the subscriber is to be disconnected
)

// push has f wait, or not. lost tells how many others were dropped for it.
func (q *topicQueue) push(f *topicFrame) (v topicVerdict, lost int) {
	size, room := f.plain.n, q.room
	if q.keyed() && q.n > 0 {
		if at := q.find(f); at >= 0 {
			return q.replace(at, f), 0
		}
	}
	for ; q.n >= room.messages && !(plant.On(plant.OneTooManyWaits) && q.n == room.messages) || size > room.bytes-q.bytes; lost++ {
		switch {
		case room.policy == Disconnect:
			return topicSlow, 0
		case room.policy != DropOldest || size > room.bytes:
			return topicDropped, 0
		}
		q.pools.drop(q.pop())
	}
	if q.n == len(q.ring) {
		q.grow()
	}
	at := (q.head + q.n) & (len(q.ring) - 1)
	f.refs++
	q.ring[at] = f
	q.n++
	q.bytes += size
	if q.keyed() {
		q.note(at)
	}
	return topicQueued, lost
}

func (q *topicQueue) keyed() bool { return q.room.policy == Conflate }

// replace puts f in the place of the earlier message of its key. One for which there is no room is
// dropped, and the earlier stays: better late than nothing.
func (q *topicQueue) replace(at int, f *topicFrame) topicVerdict {
	old := q.ring[at]
	bytes := q.bytes - old.plain.n + f.plain.n
	if bytes > q.room.bytes {
		return topicDropped
	}
	f.refs++
	q.ring[at], q.bytes = f, bytes
	q.pools.drop(old)
	return topicConflated
}

// pop takes the first frame off; it is the caller's to drop.
func (q *topicQueue) pop() *topicFrame {
	f := q.ring[q.head]
	if q.keyed() {
		q.forget(q.slot(f))
	}
	q.ring[q.head] = nil
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	q.bytes -= f.plain.n
	return f
}

// grow doubles the ring, and lays it out from its beginning.
func (q *topicQueue) grow() {
	ring := make([]*topicFrame, max(8, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = q.ring[(q.head+i)&(len(q.ring)-1)]
	}
	q.ring, q.head = ring, 0
}

// note enters a frame of ring, the last one, into the index. One that has become too small is made again.
func (q *topicQueue) note(at int) {
	if len(q.index) >= 2*len(q.ring) {
		q.index[q.slot(q.ring[at])] = uint32(at) + 1
		return
	}
	q.index = make([]uint32, 2*len(q.ring))
	for i := range q.n {
		at := (q.head + i) & (len(q.ring) - 1)
		q.index[q.slot(q.ring[at])] = uint32(at) + 1
	}
}

// find tells where in ring the key of f waits, -1 if it does not.
func (q *topicQueue) find(f *topicFrame) int {
	return int(q.index[q.slot(f)]) - 1
}

// slot is the place in index of f's key, or the free one where it belongs.
func (q *topicQueue) slot(f *topicFrame) int {
	for s := q.home(f); ; s = (s + 1) & (len(q.index) - 1) {
		p := q.index[s]
		if p == 0 {
			return s
		}
		if g := q.ring[p-1]; g == f || g.hash == f.hash && g.key == f.key {
			return s
		}
	}
}

// home is where a key's place is looked for first.
func (q *topicQueue) home(f *topicFrame) int { return int(f.hash) & (len(q.index) - 1) }

// forget frees a slot, and moves those behind it up that would not be found any more.
func (q *topicQueue) forget(slot int) {
	mask := len(q.index) - 1
	for s := (slot + 1) & mask; q.index[s] != 0; s = (s + 1) & mask {
		home := q.home(q.ring[q.index[s]-1])
		if (s-home)&mask >= (s-slot)&mask {
			q.index[slot] = q.index[s]
			slot = s
		}
	}
	q.index[slot] = 0
}

// keepRing is up to how many places a queue keeps for its next subscriber.
const keepRing = 256

// reset readies an empty queue for another subscriber, of any topic.
func (q *topicQueue) reset() {
	if len(q.ring) > keepRing {
		*q = topicQueue{}
		return
	}
	*q = topicQueue{ring: q.ring, index: q.index} // in both is nothing
}
