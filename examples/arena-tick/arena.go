package main

import (
	_ "embed"

	"github.com/ringwire/ringwire"
)

//go:embed page.html
var page []byte

// arena is what the server serves: the page, the world and those who watch it.
type arena struct {
	world world
	ws    ringwire.WebSocketConfig

	// Who does not keep up skips states: the latest of each key is all that waits.
	topic *ringwire.Topic

	buf []byte // of the tick's
}

func newArena(bots int) *arena {
	a := &arena{topic: ringwire.NewTopic(ringwire.TopicConfig{Policy: ringwire.Conflate, MaxMessages: 2})}
	a.world.init(bots)
	a.ws = ringwire.WebSocketConfig{
		OnOpen: a.open, OnMessage: a.steer, OnClose: a.close,
		MaxMessage: 64, // what a player has to say is two bytes
	}
	return a
}

func (a *arena) serve(w *ringwire.ResponseWriter, r *ringwire.Request) {
	switch r.Path() {
	case "/":
		_ = w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	case "/ws":
		_, _ = ringwire.Upgrade(w, r, &a.ws) // an error has been answered
	default:
		ringwire.NotFound(w, r)
	}
}

// open, steer and close run on a player's loop, tick on the first: what goes from one to the other is in
// world's hands.
func (a *arena) open(ws *ringwire.WebSocket) {
	p := a.world.join()
	if p == nil {
		_ = ws.Close(ringwire.CloseTryAgainLater, "the arena is full")
		return
	}
	ws.Value = p
	_ = ws.SendBinary(appendHello(nil, p.id))
	_ = a.topic.Subscribe(ws)
}

func (a *arena) steer(ws *ringwire.WebSocket, m ringwire.Message) {
	x, y, ok := parseSteer(m.View())
	if !ok || m.Kind != ringwire.BinaryMessage {
		_ = ws.Close(ringwire.ClosePolicyViolation, "steer with two bytes")
		return
	}
	ws.Value.(*player).steer(x, y)
}

func (a *arena) close(ws *ringwire.WebSocket, _ *ringwire.CloseError) {
	if p, ok := ws.Value.(*player); ok {
		a.world.leave(p)
	}
}

// statsEvery is how many ticks pass from one report on them to the next.
const statsEvery = rate / 4

// tick computes the world, and encodes it once for all.
func (a *arena) tick(t *ringwire.Tick) {
	// A world that was held up goes on where it would be, but does not rush through a second and more.
	for range min(t.Missed()+1, rate) {
		a.world.step()
	}
	t.Encode()
	a.buf = appendState(a.buf[:0], &a.world, uint32(t.N()), t.Late())
	_ = a.topic.PublishKeyed("state", ringwire.BinaryMessage, a.buf)
	if t.N()%statsEvery == 0 {
		a.buf = appendStats(a.buf[:0], a.world.players, t.Stats())
		_ = a.topic.PublishKeyed("stats", ringwire.BinaryMessage, a.buf)
	}
}
