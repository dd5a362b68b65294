package main

import (
	"sync"

	"github.com/ringwire/ringwire"

	"github.com/ringwire/ringwire/bench/internal/feed"
)

// sockets is what a server's WebSockets share.
type sockets struct{ feed *feeder }

// The largest messages that outside suites send: 16 MiB, which may take one frame or 65536.
const (
	maxMessage   = 32 << 20
	maxFragments = 1 << 17
)

// echoSocket sends every message back as the kind it was.
var echoSocket = ringwire.WebSocketConfig{
	OnMessage:    func(ws *ringwire.WebSocket, m ringwire.Message) { _ = ws.Echo(m) }, // fails when ws is closing only: input waits for output
	CheckOrigin:  anyOrigin,
	Compression:  &ringwire.WebSocketCompression{},
	MaxMessage:   maxMessage,
	MaxFragments: maxFragments,
}

// anyOrigin lets in pages from anywhere: there is nothing here that a stranger's page should not see.
func anyOrigin(*ringwire.Request) bool { return true }

// upgrade answers with 101, or with what is wrong about the request.
func upgrade(w *ringwire.ResponseWriter, r *ringwire.Request, cfg *ringwire.WebSocketConfig) {
	_, _ = ringwire.Upgrade(w, r, cfg)
}

// feeder publishes what package feed describes, from the first subscriber on: without one there is no ticker that a
// measurement of something else could see.
type feeder struct {
	hz     int
	topic  *ringwire.Topic
	socket ringwire.WebSocketConfig

	begun sync.Once
	end   func()
}

func newFeeder() *feeder {
	f := &feeder{hz: feed.Rate, topic: ringwire.NewTopic(ringwire.TopicConfig{})}
	f.socket = ringwire.WebSocketConfig{
		OnOpen:      f.subscribe,
		CheckOrigin: anyOrigin,
		Compression: &ringwire.WebSocketCompression{},
	}
	return f
}

func (f *feeder) subscribe(ws *ringwire.WebSocket) {
	_ = f.topic.Subscribe(ws) // fails after stop only
	f.begun.Do(func() { f.end = feed.Every(f.hz, f.publish) })
}

func (f *feeder) publish(p []byte) { _ = f.topic.Publish(ringwire.BinaryMessage, p) }

// stop ends the feed for good.
func (f *feeder) stop() {
	f.begun.Do(func() { f.end = func() {} })
	f.end()
	f.topic.Close()
}
