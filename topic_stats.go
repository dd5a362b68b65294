package ringwire

import "sync/atomic"

// TopicStats is a topic's account at one moment. What is being changed meanwhile may be counted in one place
// and not yet in another.
type TopicStats struct {
	Subscribers int // now
	Behind      int // of those, with messages that wait

	QueuedMessages, QueuedBytes int // that wait, of all of them: a message counts once for each

	Published uint64 // messages
	Delivered uint64 // given to a connection, once for each

	Conflated     uint64 // replaced by a later one while they waited, once for each subscriber
	DroppedNewest uint64 // lost to a subscriber because others waited, or because they are larger than MaxBytes
	DroppedOldest uint64 // that had waited
	Disconnected  uint64 // subscribers

	// What was published while a loop did not come to look, 16 times the limits and more: a callback blocks
	// it, or the burst was too large. It is lost, or conflated, to all subscribers on that loop.

	DroppedLoop, ConflatedLoop uint64 // messages, once for each loop
}

// topicCounters are what TopicStats is made of.
type topicCounters struct {
	subscribers, behind, messages, bytes     atomic.Int64
	published, delivered                     atomic.Uint64
	conflated, droppedNewest, droppedOldest  atomic.Uint64
	disconnected, droppedLoop, conflatedLoop atomic.Uint64
}

// topicTally is what a loop has done, until it tells everybody.
type topicTally struct {
	behind, messages, bytes                                          int // changes
	delivered, conflated, droppedNewest, droppedOldest, disconnected int
}

func (c *topicCounters) add(n *topicTally) {
	addInt(&c.behind, n.behind)
	addInt(&c.messages, n.messages)
	addInt(&c.bytes, n.bytes)
	addUint(&c.delivered, n.delivered)
	addUint(&c.conflated, n.conflated)
	addUint(&c.droppedNewest, n.droppedNewest)
	addUint(&c.droppedOldest, n.droppedOldest)
	addUint(&c.disconnected, n.disconnected)
}

// Most of the changes are none, and to write would cost the other loops their copy.

func addInt(v *atomic.Int64, n int) {
	if n != 0 {
		v.Add(int64(n))
	}
}

func addUint(v *atomic.Uint64, n int) {
	if n != 0 {
		v.Add(uint64(n))
	}
}

// Stats returns the account. Safe from any goroutine.
func (t *Topic) Stats() TopicStats {
	c := &t.count
	return TopicStats{
		Subscribers: int(c.subscribers.Load()), Behind: int(c.behind.Load()),
		QueuedMessages: int(c.messages.Load()), QueuedBytes: int(c.bytes.Load()),
		Published: c.published.Load(), Delivered: c.delivered.Load(),
		Conflated: c.conflated.Load(), DroppedNewest: c.droppedNewest.Load(), DroppedOldest: c.droppedOldest.Load(),
		Disconnected: c.disconnected.Load(),
		DroppedLoop:  c.droppedLoop.Load(), ConflatedLoop: c.conflatedLoop.Load(),
	}
}
