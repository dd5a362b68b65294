package ringwire

import (
	"io"
	"slices"

	"github.com/ringwire/ringwire/mem"
)

// wsQueue is messages one behind the other.
type wsQueue struct {
	segs mem.Segments
	list []wsQueued
	next int // of list
}

type wsQueued struct {
	kind MessageKind
	n    int
}

// queueMax is how many messages may lie in a queue, however small.
const queueMax = 1024

func (q *wsQueue) len() int   { return len(q.list) - q.next }
func (q *wsQueue) full() bool { return q.segs.Len() >= feedHigh || q.len() >= queueMax }
func (q *wsQueue) low() bool  { return q.segs.Len() <= feedLow && q.len() <= queueMax/4 }

// add notes that n bytes were appended to segs as a message.
func (q *wsQueue) add(kind MessageKind, n int) {
	if len(q.list) == cap(q.list) && q.next > 0 {
		q.list = q.list[:copy(q.list, q.list[q.next:])]
		q.next = 0
	}
	q.list = append(q.list, wsQueued{kind, n})
}

// read appends the first message to buf.
func (q *wsQueue) read(buf []byte) (MessageKind, []byte) {
	m := q.pop()
	at := len(buf)
	buf = slices.Grow(buf, m.n)[:at+m.n]
	_, _ = io.ReadFull(&q.segs, buf[at:]) // they are there
	return m.kind, buf
}

// pop takes the first message off the list; its bytes are the caller's to take off segs.
func (q *wsQueue) pop() wsQueued {
	m := q.list[q.next]
	if q.next++; q.next == len(q.list) {
		q.list, q.next = q.list[:0], 0
	}
	return m
}

func (q *wsQueue) release() {
	q.segs.Release()
	q.list, q.next = nil, 0
}
