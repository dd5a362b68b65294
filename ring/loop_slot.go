//go:build linux

package ring

// slot is a connection as the kernel knows it. What the connection means is kept
// elsewhere under the same number.
type slot struct {
	fd       int32
	gen      uint32 // counts the connections that had this slot
	flags    slotFlags
	inflight uint8 // requests that the kernel still holds

	// The send in flight.
	sendLen  uint32  // its bytes in all
	sendDone uint32  // of those, sent by earlier parts
	sendAddr uintptr // what is left of it, when it is one piece
	gather   *gather // when it is several
}

type slotFlags uint16

const (
	used      slotFlags = 1 << iota // between Opened and Closed
	wanted                          // Receive was called, Pause was not
	armed                           // a multishot receive is in flight
	halted                          // and its cancellation as well
	starved                         // it ran out of buffers; it is started again when some are home
	fed                             // it brought bytes since it was armed
	over                            // Ended was called
	sending                         // a send is in flight
	hollow                          // it has no bytes, and the kernel no part in it
	finDue                          // half-close after it
	closing                         // Close was called
	closeSent                       // and the descriptor's close is in flight
	watched                         // a poll for the peer's end is in flight
	seen                            // it has told of the end
)

// newSlot gives a connection its slot, the lowest that was ever used if there is one free.
func (l *Loop) newSlot(fd int32) uint32 {
	id := uint32(len(l.slots))
	if n := len(l.free); n > 0 {
		id = l.free[n-1]
		l.free = l.free[:n-1]
	} else {
		l.slots = append(l.slots, slot{})
	}
	s := &l.slots[id]
	*s = slot{fd: fd, gen: s.gen + 1, flags: used}
	l.live++
	return id
}

// freeSlot says Closed and makes the slot free. Nothing is in flight on it.
func (l *Loop) freeSlot(id uint32) {
	l.ev.Closed(id)
	s := &l.slots[id]
	l.dropGather(s)
	s.flags = 0
	l.free = append(l.free, id)
	l.live--
}

// slot returns the slot if the id is of an open connection, else nil.
func (l *Loop) slot(id uint32) *slot {
	if int(id) >= len(l.slots) || l.slots[id].flags&(used|closing) != used {
		return nil
	}
	return &l.slots[id]
}

// current returns the slot that a completion belongs to. A slot is not reused while
// anything is in flight on it, so another generation is a bug in this package.
func (l *Loop) current(id, gen uint32) *slot {
	s := &l.slots[id]
	if s.gen&genMask != gen || s.flags&used == 0 {
		panic("ring: completion for a slot that was given away")
	}
	return s
}
