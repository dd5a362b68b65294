package ringwire

import (
	"fmt"
	"time"

	"github.com/ringwire/ringwire/internal/world"
	"github.com/ringwire/ringwire/mem"
)

// worldTopics are the topics of a server in a simulated world, one of each policy.
type worldTopics struct {
	sockets *worldSockets
	cfg     WebSocketConfig
	memory  *topicMemory
	list    [world.Policies]*Topic
	last    [world.Policies]int  // messages published
	idle    map[*WebSocket]int64 // when a subscriber was first seen to wait for nothing but its messages
}

// worldForgotten is when such a subscriber is forgotten: before, its connection may be on the way to OnClose.
const worldForgotten = time.Second

// worldPolicies are the policies in the world's order.
var worldPolicies = [world.Policies]SlowPolicy{DropNewest, DropOldest, Conflate, Disconnect}

func (h *worldTopics) init(sockets *worldSockets) {
	h.sockets = sockets
	sockets.configure(&h.cfg)
	h.cfg.OnOpen = h.opened
	heap := testConfig(DriverNetpoll).DisablePooling
	h.memory = newTopicMemory(mem.Config{Shared: true, Heap: heap})
	for p, policy := range worldPolicies {
		h.list[p] = NewTopic(TopicConfig{
			Policy: policy, MaxMessages: world.QueueMessages, MaxBytes: world.QueueBytes,
			CloseCode: world.SlowCode, DisablePooling: heap,
		})
		h.list[p].pool = h.memory
	}
}

func (h *worldTopics) upgrade(w *ResponseWriter, r *Request, conn int, p world.Policy) {
	ws, err := Upgrade(w, r, &h.cfg)
	if err != nil {
		h.sockets.w.Fail("upgrade", conn, "it is refused: %v", err)
		return
	}
	ws.Value = p
}

// opened subscribes.
func (h *worldTopics) opened(ws *WebSocket) {
	h.sockets.cfg.OnOpen(ws)
	p := ws.Value.(world.Policy)
	if err := h.list[p].Subscribe(ws); err != nil {
		h.sockets.w.Fail("topic", -1, "Subscribe: %v", err)
	}
	if err := ws.Send(TextMessage, world.Welcome(p, h.last[p])); err != nil {
		h.sockets.w.Fail("topic", -1, "Send: %v", err)
	}
}

func (h *worldTopics) publish(p world.Policy, key string, text []byte) {
	h.last[p]++
	if err := h.list[p].PublishKeyed(key, MessageKind(1+h.last[p]%2), text); err != nil {
		h.sockets.w.Fail("topic", -1, "Publish: %v", err)
	}
}

func (h *worldTopics) account(p world.Policy) world.Account {
	st := h.list[p].Stats()
	return world.Account{
		Delivered: int(st.Delivered), Disconnected: int(st.Disconnected),
		Lost: int(st.Conflated + st.DroppedNewest + st.DroppedOldest),
	}
}

// check looks at each subscriber's queue.
func (h *worldTopics) check() string {
	idle := make(map[*WebSocket]int64)
	defer func() { h.idle = idle }()
	for p, t := range h.list {
		waits := 0
		for _, l := range t.loops {
			for i := range l.subs {
				q, s := l.subs[i].queue, l.subs[i].ws
				if q == nil {
					continue
				}
				waits += q.n
				switch {
				case q.n > world.QueueMessages || q.bytes > world.QueueBytes:
					return fmt.Sprintf("%d messages of %d bytes wait for a subscriber of %d", q.n, q.bytes, p)
				case s.state != wsOpen || s.conn.Sending() || s.conn.Buffered() > 0:
					continue
				}
				now := s.conn.Loop().Now()
				since, ok := h.idle[s]
				if !ok {
					since = now
				}
				if idle[s] = since; time.Duration(now-since) > worldForgotten {
					return fmt.Sprintf("%d messages wait for a subscriber of %d that waits for nothing else", q.n, p)
				}
			}
		}
		if st := t.Stats(); st.QueuedMessages != waits {
			return fmt.Sprintf("%d messages wait for subscribers of %d, which says %d", waits, p, st.QueuedMessages)
		}
	}
	return ""
}

// held tells what has not come home.
func (h *worldTopics) held() string {
	for p, t := range h.list {
		if st := t.Stats(); st.Subscribers != 0 || st.Behind != 0 || st.QueuedMessages != 0 || st.QueuedBytes != 0 {
			return fmt.Sprintf("topic %d: %+v", p, st)
		}
	}
	if err := h.memory.alloc.Close(); err != nil {
		return "topics: " + err.Error()
	}
	return ""
}
