// Command gws is github.com/lxzan/gws on net/http, as in its own examples: a goroutine for each connection, and its
// Broadcaster for the feed, which encodes once and queues the write at each connection.
package main

import (
	"bytes"
	"net/http"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/stdupgrade"
)

func main() { peer.Main("gws", start) }

func start(o peer.Options) (peer.Server, error) {
	hub := &feed.Hub[*gws.Conn]{}
	stop := feed.Every(o.Hz, func(p []byte) { publish(hub, p) })
	srv, err := stdupgrade.Serve(o, upgrade(echo{timeouts: o.Timeouts}), upgrade(subscriber{hub: hub}), stop)
	if err != nil {
		stop()
	}
	return srv, err
}

// upgrade serves with compression where it is offered: without context, which takes the least memory.
func upgrade(h gws.Event) http.HandlerFunc {
	up := gws.NewUpgrader(h, &gws.ServerOption{PermessageDeflate: gws.PermessageDeflate{Enabled: true}})
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r)
		if err != nil {
			return // answered
		}
		go c.ReadLoop() // so that net/http's goroutine, and what it holds, can go
	}
}

type echo struct {
	gws.BuiltinEventHandler
	timeouts bool
}

func (h echo) OnOpen(c *gws.Conn) { h.renew(c) }

func (h echo) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	h.renew(c)
	_ = c.WriteMessage(m.Opcode, m.Bytes()) // an error ends the connection by itself
}

func (h echo) OnPing(c *gws.Conn, p []byte) {
	h.renew(c)
	_ = c.WritePong(p)
}

func (h echo) renew(c *gws.Conn) {
	if h.timeouts {
		_ = c.SetDeadline(time.Now().Add(peer.IdleTimeout))
	}
}

type subscriber struct {
	gws.BuiltinEventHandler
	hub *feed.Hub[*gws.Conn]
}

func (h subscriber) OnOpen(c *gws.Conn)           { h.hub.Add(c) }
func (h subscriber) OnClose(c *gws.Conn, _ error) { h.hub.Remove(c) }

// publish gives the broadcaster a payload of its own, because writes may still be queued at the next tick.
func publish(hub *feed.Hub[*gws.Conn], p []byte) {
	b := gws.NewBroadcaster(gws.OpcodeBinary, bytes.Clone(p))
	defer b.Close()
	hub.Each(func(c *gws.Conn) { _ = b.Broadcast(c) })
}
