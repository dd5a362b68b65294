package ringwire

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ringwire/ringwire/proto/ws"
)

// SlowPolicy says what a Topic does with a message for a subscriber whose queue is full.
type SlowPolicy uint8

const (
	// DropNewest keeps what waits: the message is lost to that subscriber.
	DropNewest SlowPolicy = iota

	// DropOldest makes room: what has waited longest is lost.
	DropOldest

	// Conflate has the latest message of each key wait, where the first one that waits stood: see
	// Topic.PublishKeyed. Another key than those that wait is lost when there is no room.
	Conflate

	// Disconnect closes the connection, with TopicConfig.CloseCode: who is subscribed misses nothing.
	Disconnect
)

// TopicConfig says how much waits for a subscriber that does not read as fast as is published. In limits 0
// means the default and a negative value none.
type TopicConfig struct {
	Policy SlowPolicy // what happens beyond the limits

	MaxMessages int // that wait for one subscriber; default 256
	MaxBytes    int // of theirs; default 1 MiB

	// CloseCode is what Disconnect closes with: ClosePolicyViolation (the default) or
	// CloseTryAgainLater, say.
	CloseCode int

	// DisablePooling gives every message memory of its own, as Config.DisablePooling does.
	DisablePooling bool
}

// Topic sends messages to any number of WebSockets, on any loops, of servers and clients. A
// message is framed once, and compressed at most once, in memory that all connections send from; each loop
// is told once for all that was published before it came to look, and what its turn sends leaves
// together.
//
// Every subscriber gets what is published after Subscribe has returned and nothing that was
// published before it was called, in one order, which is that of each publisher and the same for all;
// without gaps unless it is slow. Messages sent by WebSocket.Send are not ordered with those of a
// topic, nor are those of two topics.
//
// A subscriber whose connection takes what it is sent has no queue. When it does not, messages wait, up
// to the limits, and Policy says what then; what has been given to the connection already, 64 KiB and a message
// at most, is beyond recall. WebSocketConfig.OnDrain tells once it has caught up.
//
// docs/BROADCAST.md is the guide.
type Topic struct {
	cfg  TopicConfig
	room topicRoom // of a subscriber
	pool *topicMemory
	seed maphash.Seed

	// To publish one does not wait for a loop: what is done under the lock is short.
	mu     sync.Mutex
	loops  []*topicLoop // those with subscribers
	seq    uint64       // of the last message
	closed bool

	small     atomic.Int64 // subscribers that take compressed messages
	threshold atomic.Int64 // of the one that takes the shortest, plus one; 0 is none yet
	count     topicCounters
}

// NewTopic makes a topic. It panics on a Policy that does not exist and a CloseCode that must not be sent. One that
// nobody publishes to, and to which nobody is subscribed, may be forgotten without Close.
func NewTopic(cfg TopicConfig) *Topic {
	if cfg.CloseCode == 0 {
		cfg.CloseCode = ClosePolicyViolation
	}
	if cfg.Policy > Disconnect || cfg.CloseCode < 0 || cfg.CloseCode > 0xffff || !ws.ValidCode(uint16(cfg.CloseCode)) {
		panic("ringwire: NewTopic: bad Policy or CloseCode")
	}
	defaultInt(&cfg.MaxMessages, 256)
	defaultInt(&cfg.MaxBytes, 1<<20)
	t := &Topic{cfg: cfg, pool: topicMemoryFor(cfg.DisablePooling), seed: maphash.MakeSeed()}
	t.room = topicRoom{policy: cfg.Policy, messages: cfg.MaxMessages, bytes: cfg.MaxBytes}
	return t
}

// Publish sends p, which is copied, to all subscribers. It does not wait for them. Text must be UTF-8; that is not
// checked. It fails with ErrTopicClosed after Close. With Conflate it is PublishKeyed with the key "". Safe from any
// goroutine and any callback.
func (t *Topic) Publish(kind MessageKind, p []byte) error { return t.publish("", kind, p) }

// PublishKeyed is Publish of a message that makes an earlier one of the same key superfluous: with Conflate a
// subscriber that is behind gets the latest only. With another policy the key means nothing.
func (t *Topic) PublishKeyed(key string, kind MessageKind, p []byte) error {
	return t.publish(key, kind, p)
}

func (t *Topic) publish(key string, kind MessageKind, p []byte) error {
	if kind != TextMessage && kind != BinaryMessage {
		return ws.ErrBadOpcode
	}
	var m topicMessage
	if t.count.subscribers.Load() > 0 {
		compress := t.small.Load() > 0 && int64(len(p)) >= t.threshold.Load()-1
		m = t.pool.encode(kind, p, compress)
		if m.key = key; t.cfg.Policy == Conflate {
			m.hash = maphash.String(t.seed, key)
		}
	}
	err := t.hand(&m)
	m.release()
	return err
}

// hand gives every loop a share in m. One that nobody needs has no memory.
func (t *Topic) hand(m *topicMessage) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return ErrTopicClosed
	}
	t.count.published.Add(1)
	if !m.plain.lease.Valid() {
		return nil // who subscribes meanwhile gets what is published later
	}
	t.seq++
	m.seq = t.seq
	for _, l := range t.loops {
		l.put(m)
	}
	return nil
}

// Close ends all subscriptions. What was published before is still sent, but for what waits for
// slow subscribers. Safe from any goroutine and any callback.
func (t *Topic) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, l := range t.loops {
		l.end()
	}
}

// Subscribe has ws sent what is published from now on, until it closes, or Unsubscribe. On ws's loop: in its
// callbacks, from OnOpen on, and in Post. Once more does nothing. It fails with ErrConnClosed when ws is not
// open, and with ErrTopicClosed after Close.
func (t *Topic) Subscribe(ws *WebSocket) error {
	if ws.state != wsOpen {
		return ErrConnClosed
	}
	if ws.placeIn(t) >= 0 {
		return nil
	}
	l, seq, err := t.join(ws.host)
	if err != nil {
		return err
	}
	l.add(ws, seq)
	return nil
}

// join finds the loop's part of the topic, or makes it, and tells the last message that is too early for who
// joins now.
func (t *Topic) join(host *wsHost) (l *topicLoop, seq uint64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, 0, ErrTopicClosed
	}
	t.count.subscribers.Add(1) // from here on messages are made
	for _, l := range t.loops {
		if l.host == host {
			return l, t.seq, nil
		}
	}
	l = newTopicLoop(t, host)
	t.loops = append(t.loops, l)
	return l, t.seq, nil
}

// Unsubscribe ends a subscription: nothing published is given to ws's connection any more, and what waits for
// it is dropped. On ws's loop, like Subscribe. A WebSocket that closes needs no Unsubscribe.
func (t *Topic) Unsubscribe(ws *WebSocket) {
	if i := ws.placeIn(t); i >= 0 {
		p := ws.topics[i]
		p.loop.remove(p.at)
	}
}

// leave takes out a loop on which nobody is subscribed any more.
func (t *Topic) leave(l *topicLoop) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.loops, l); i >= 0 {
		t.loops = slices.Delete(t.loops, i, i+1)
	}
	l.clear()
}
