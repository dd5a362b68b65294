package ringwire

// topicPlace is where a WebSocket's subscription is.
type topicPlace struct {
	loop *topicLoop
	at   int // of loop.subs
}

// placeIn is the place of s in a topic, as an index of s.topics, -1 if it is not subscribed.
func (s *WebSocket) placeIn(t *Topic) int {
	for i := range s.topics {
		if s.topics[i].loop.topic == t {
			return i
		}
	}
	return -1
}

// add subscribes s to what comes after the message since.
func (l *topicLoop) add(s *WebSocket, since uint64) {
	s.topics = append(s.topics, topicPlace{l, len(l.subs)})
	l.subs = append(l.subs, subscription{ws: s, since: since})
	l.host.stats.Subscriptions++
	if s.takesSmall() {
		t := l.topic
		t.small.Add(1)
		t.noteThreshold(int64(s.agreed.Threshold))
	}
}

// noteThreshold lowers the length from which on messages are compressed. It is not raised again: a message
// that was compressed in vain does no harm.
func (t *Topic) noteThreshold(n int64) {
	for {
		old := t.threshold.Load()
		if old != 0 && old <= n+1 || t.threshold.CompareAndSwap(old, n+1) {
			return
		}
	}
}

// remove ends the subscription at i. The last one takes its place.
func (l *topicLoop) remove(i int) {
	sub := &l.subs[i]
	s, t := sub.ws, l.topic
	if sub.queue != nil {
		var n topicTally
		l.unqueue(sub, &n)
		t.count.add(&n)
	}
	at := s.placeIn(t)
	last := len(s.topics) - 1
	s.topics[at] = s.topics[last]
	s.topics[last] = topicPlace{}
	if s.topics = s.topics[:last]; last == 0 {
		s.topics = nil
	}
	last = len(l.subs) - 1
	if i != last {
		moved := l.subs[last]
		l.subs[i] = moved
		moved.ws.topics[moved.ws.placeIn(t)].at = i
	}
	l.subs[last] = subscription{}
	l.subs = l.subs[:last]
	l.host.stats.Subscriptions--
	t.count.subscribers.Add(-1)
	if s.takesSmall() {
		t.small.Add(-1)
	}
	if last == 0 {
		t.leave(l)
	}
}

// unqueue ends a subscriber's queue, with what is in it.
func (l *topicLoop) unqueue(sub *subscription, n *topicTally) {
	q := sub.queue
	n.messages -= q.n
	n.bytes -= q.bytes
	for q.n > 0 {
		l.pools.drop(q.pop())
	}
	l.pools.queues.Put(q)
	sub.queue = nil
	n.behind--
	l.host.stats.Behind--
}

// leaveTopics ends all subscriptions of a WebSocket that is gone.
func (s *WebSocket) leaveTopics() {
	for len(s.topics) > 0 {
		p := s.topics[len(s.topics)-1]
		p.loop.remove(p.at)
	}
}

// keepsUp reports whether the connection takes what it is given: nothing is left over from an earlier turn, and
// not too much has come together in this one.
func (s *WebSocket) keepsUp() bool { return !s.conn.Sending() && s.conn.Buffered() < topicAhead }

// takesSmall reports whether the peer can inflate what was compressed for many.
func (s *WebSocket) takesSmall() bool {
	return s.agreed.Enabled && s.agreed.ServerWindow == preparedWindow.ServerWindow && !s.client
}

// sendFrame appends a frame to the output: a reference to it, where nothing has to be masked. It returns
// how many that are, 0 when the connection has begun to end.
func (s *WebSocket) sendFrame(f *topicFrame) int {
	if s.client {
		if s.eng.AppendMessage(s.conn.Output(), f.opcode(), f.payload(), s.key()) != nil {
			return 0
		}
	} else {
		p := &f.plain
		small := f.small.lease.Valid() && f.len >= s.agreed.Threshold && s.takesSmall()
		if small {
			p = &f.small
		}
		if s.eng.AdmitFrame(small) != nil {
			return 0
		}
		s.conn.Output().Append(p.lease.Clone(), p.off, p.n)
	}
	s.host.stats.MessagesOut++
	s.host.stats.BytesOut += uint64(f.len)
	return 1
}

// drainTopics moves what waits in topics to a connection that has room again, as much as one send takes. It reports
// whether the last of it has left the queues just now.
func (s *WebSocket) drainTopics() (caughtUp bool) {
	if len(s.topics) == 0 || s.state != wsOpen {
		return false
	}
	sent := 0
	for waits := true; waits; {
		waits = false
		for _, p := range s.topics { // one of each in turn, so that none waits for the end of another
			sub := &p.loop.subs[p.at]
			if sub.queue == nil {
				continue
			}
			if sent == topicBatch || !s.keepsUp() {
				s.conn.AwaitDrain()
				s.conn.Flush()
				return false
			}
			sent++
			waits = p.loop.next(sub) || waits
		}
	}
	if sent > 0 {
		s.conn.Flush()
	}
	return sent > 0
}

// next sends what has waited longest. It reports whether more waits.
func (l *topicLoop) next(sub *subscription) bool {
	q := sub.queue
	f := q.pop()
	n := topicTally{messages: -1, bytes: -f.plain.n}
	n.delivered = sub.ws.sendFrame(f)
	l.pools.drop(f)
	more := q.n > 0
	if !more {
		l.unqueue(sub, &n)
	}
	l.topic.count.add(&n)
	return more
}
