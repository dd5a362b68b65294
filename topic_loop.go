package ringwire

import (
	"sync"

	"github.com/ringwire/ringwire/internal/plant"
)

// topicAhead is how many bytes a connection may hold that it has not begun to send, before messages of a
// topic wait in a queue, where the topic's policy reaches them.
const topicAhead = 64 << 10

// topicBatch is how many messages leave the queues of a connection at a time: as many as one send takes.
const topicBatch = 16

// topicBurst is how many times a subscriber's limits may be published before a loop comes to look.
const topicBurst = 16

// topicLoop is a topic's part on one loop. It exists while somebody there is subscribed.
type topicLoop struct {
	topic *Topic
	host  *wsHost
	pools *topicPools

	// The loop's.

	subs   []subscription // in no order
	busy   []topicMessage // the inbox before
	frames []*topicFrame  // being sent

	// Everybody's.

	mu      sync.Mutex
	inbox   []topicMessage
	bytes   int  // of inbox
	posted  bool // RunTask is on its way
	overrun bool // a message had to be dropped that nobody may miss
	ending  bool // the topic is closed
	deaf    bool // nobody is here any more
}

// subscription is one subscriber's.
type subscription struct {
	ws    *WebSocket
	queue *topicQueue // nil while the connection takes everything
	since uint64      // the last message that was published too early
}

func newTopicLoop(t *Topic, host *wsHost) *topicLoop {
	if host.topics == nil {
		host.topics = newTopicPools(host.account.Allocator())
	}
	return &topicLoop{topic: t, host: host, pools: host.topics}
}

// put gives the loop a share in m. It is called in the order of messages, from anywhere.
func (l *topicLoop) put(m *topicMessage) {
	if l.take(m) && !l.host.loop.Post(l) {
		l.clear() // it has ended, and its connections with it
	}
}

// take is put without the post, and reports whether one is due.
func (l *topicLoop) take(m *topicMessage) (post bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deaf {
		return false
	}
	if l.admit(m) {
		l.inbox = append(l.inbox, m.clone())
		l.bytes += m.plain.n
	}
	post = !l.posted
	l.posted = true
	return post
}

// admit applies the topic's policy to a loop that does not come to look: a callback blocks it, or
// there is a burst that it would need many turns for anyhow.
func (l *topicLoop) admit(m *topicMessage) bool {
	room, count := &l.topic.room, &l.topic.count
	full := func() bool { return len(l.inbox)/topicBurst >= room.messages || l.bytes/topicBurst >= room.bytes }
	if !full() {
		return true
	}
	switch room.policy {
	case DropOldest:
		for len(l.inbox) > 0 && full() {
			l.discardFirst()
			count.droppedLoop.Add(1)
		}
		return true
	case Conflate:
		for i := range l.inbox {
			if old := &l.inbox[i]; old.hash == m.hash && old.key == m.key {
				l.bytes += m.plain.n - old.plain.n
				old.release()
				*old = m.clone()
				count.conflatedLoop.Add(1)
				return false
			}
		}
	case Disconnect:
		l.overrun = true
	}
	count.droppedLoop.Add(1)
	return false
}

// discardFirst drops what has waited longest.
func (l *topicLoop) discardFirst() {
	l.bytes -= l.inbox[0].plain.n
	l.inbox[0].release()
	l.inbox = l.inbox[:copy(l.inbox, l.inbox[1:])]
}

// clear drops what was published and not looked at: nobody is there any more.
func (l *topicLoop) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.inbox {
		l.inbox[i].release()
	}
	l.inbox, l.bytes, l.deaf = nil, 0, true
}

// end has all subscriptions end, behind what was published.
func (l *topicLoop) end() {
	l.mu.Lock()
	post := !l.posted
	l.posted, l.ending = true, true
	l.mu.Unlock()
	if post {
		l.host.loop.Post(l)
	}
}

// RunTask sends what was published since it was run last.
func (l *topicLoop) RunTask() {
	overrun, ending := l.look()
	for i := range l.busy {
		l.frames = append(l.frames, l.pools.take(&l.busy[i]))
	}
	var n topicTally
	for i := 0; i < len(l.subs); {
		if l.serve(i, &n) {
			i++ // else another is in its place
		}
	}
	for i, f := range l.frames {
		l.pools.drop(f)
		l.frames[i] = nil
	}
	l.frames = l.frames[:0]
	for overrun && len(l.subs) > 0 {
		l.evict(len(l.subs)-1, &n)
	}
	l.topic.count.add(&n)
	for ending && len(l.subs) > 0 {
		l.remove(len(l.subs) - 1)
	}
}

// look takes the inbox.
func (l *topicLoop) look() (overrun, ending bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy, l.inbox = l.inbox, l.busy[:0]
	overrun, ending = l.overrun, l.ending
	l.bytes, l.posted, l.overrun = 0, false, false
	return overrun, ending
}

// serve sends the frames to a subscriber. It reports false when that is none any more.
func (l *topicLoop) serve(i int, n *topicTally) bool {
	sub := &l.subs[i]
	s := sub.ws
	if s.state != wsOpen {
		l.remove(i)
		return false
	}
	sent := 0
	for _, f := range l.frames {
		if f.seq <= sub.since {
			continue
		}
		if sub.queue == nil && s.keepsUp() {
			sent += s.sendFrame(f)
		} else if !l.hold(sub, f, n) {
			l.evict(i, n)
			return false
		}
	}
	if sent > 0 {
		n.delivered += sent
		s.conn.Flush()
	}
	return true
}

// hold has a frame wait until the subscriber's connection can take it. It reports false when the policy is to
// wait no longer.
func (l *topicLoop) hold(sub *subscription, f *topicFrame, n *topicTally) bool {
	q := sub.queue
	if q == nil {
		q = l.pools.queues.Get()
		q.room, q.pools = &l.topic.room, l.pools
		sub.queue = q
		if !plant.On(plant.QueueNotDrained) {
			sub.ws.conn.AwaitDrain()
		}
		n.behind++
		l.host.stats.Behind++
	}
	messages, bytes := q.n, q.bytes
	verdict, lost := q.push(f)
	n.messages += q.n - messages
	n.bytes += q.bytes - bytes
	if !plant.On(plant.LossNotCounted) {
		n.droppedOldest += lost
	}
	l.host.stats.Dropped += uint64(lost)
	switch verdict {
	case topicConflated:
		n.conflated++
		l.host.stats.Conflated++
	case topicDropped:
		n.droppedNewest++
		l.host.stats.Dropped++
	case topicSlow:
		return plant.On(plant.SlowIsSpared)
	}
	return true
}

// evict disconnects a subscriber that is too slow.
func (l *topicLoop) evict(i int, n *topicTally) {
	s := l.subs[i].ws
	l.remove(i)
	if s.state == wsOpen {
		n.disconnected++
		s.fail(l.topic.cfg.CloseCode, "too slow", ErrSlowConsumer)
	}
}
