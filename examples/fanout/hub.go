package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/ringwire/ringwire"
)

// hub is the topics of this process.
type hub struct {
	streams   []*stream
	byName    map[string]*stream
	bySubject map[string]*stream
	ws        ringwire.WebSocketConfig

	in        chan *nats.Msg // from NATS; what finds no room is lost, and leaves a gap
	wake      chan struct{}  // there is something to send
	connected atomic.Bool
	sessions  atomic.Uint64 // connections to NATS that there have been
}

func newHub(names []string) (*hub, error) {
	h := &hub{
		byName: map[string]*stream{}, bySubject: map[string]*stream{},
		in: make(chan *nats.Msg, 1<<16), wake: make(chan struct{}, 1),
	}
	h.ws = ringwire.WebSocketConfig{OnOpen: subscribe, OnMessage: publish, MaxMessage: 64 << 10}
	var id [8]byte
	_, _ = rand.Read(id[:]) // a process that starts again is another publisher
	for _, name := range names {
		if name == "" || strings.ContainsAny(name, ".*> \t") || h.byName[name] != nil {
			return nil, fmt.Errorf("-topics: %q is empty, twice there, or has a dot, star, > or space", name)
		}
		s := &stream{
			subject: "fanout." + name, self: binary.BigEndian.Uint64(id[:]), wake: h.wake, peers: map[uint64]*peer{},
			// Who is too slow is told to come back, rather than to do without.
			topic: ringwire.NewTopic(ringwire.TopicConfig{Policy: ringwire.Disconnect, CloseCode: ringwire.CloseTryAgainLater,
				MaxMessages: 4096, MaxBytes: 4 << 20}),
		}
		h.streams = append(h.streams, s)
		h.byName[name], h.bySubject[s.subject] = s, s
	}
	return h, nil
}

func (h *hub) serve(w *ringwire.ResponseWriter, r *ringwire.Request) {
	switch r.Path() {
	case "/ws":
		s := h.byName[r.Query("topic")]
		if s == nil {
			ringwire.Error(w, "no such topic", 404)
			return
		}
		if ws, err := ringwire.Upgrade(w, r, &h.ws); err == nil { // else it has been answered
			ws.Value = s
		}
	case "/stats":
		_ = w.JSON(h.stats())
	default:
		ringwire.NotFound(w, r)
	}
}

func subscribe(ws *ringwire.WebSocket) { _ = ws.Value.(*stream).topic.Subscribe(ws) }

// publish runs on a loop, so that it only takes the message: link sends it.
func publish(ws *ringwire.WebSocket, m ringwire.Message) {
	if m.Kind != ringwire.TextMessage {
		_ = ws.Close(ringwire.CloseUnsupportedData, "publish text")
		return
	}
	if err := ws.Value.(*stream).publish(m.View()); err != nil {
		text, _ := json.Marshal(map[string]string{"error": err.Error()})
		_ = ws.Send(ringwire.TextMessage, text)
	}
}

// stats is what /stats says.
type stats struct {
	Connected bool              `json:"connected"` // to NATS
	Sessions  uint64            `json:"sessions"`  // connections to NATS so far
	Topics    map[string]counts `json:"topics"`
}

func (h *hub) stats() stats {
	s := stats{h.connected.Load(), h.sessions.Load(), map[string]counts{}}
	for name, t := range h.byName {
		s.Topics[name] = t.stats()
	}
	return s
}
