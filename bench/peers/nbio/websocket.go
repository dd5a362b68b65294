package main

import (
	"net/http"

	"github.com/lesismal/nbio/nbhttp/websocket"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// addWebSocket adds echo and feed, with compression where it is offered. nbio has no prepared messages: the feed
// writes a message to one subscriber after the other, which does not wait for one that does not read. stop ends it.
func addWebSocket(mux *http.ServeMux, o peer.Options) (stop func()) {
	echo := upgrader(o)
	echo.OnMessage(func(c *websocket.Conn, kind websocket.MessageType, p []byte) { _ = c.WriteMessage(kind, p) })
	mux.HandleFunc("GET "+websock.EchoPath, func(w http.ResponseWriter, r *http.Request) { _, _ = echo.Upgrade(w, r, nil) })

	hub := &feed.Hub[*websocket.Conn]{}
	subscribe := upgrader(o)
	subscribe.OnOpen(hub.Add)
	subscribe.OnClose(func(c *websocket.Conn, _ error) { hub.Remove(c) })
	mux.HandleFunc("GET "+websock.FeedPath, func(w http.ResponseWriter, r *http.Request) { _, _ = subscribe.Upgrade(w, r, nil) })
	return feed.Every(o.Hz, func(p []byte) {
		hub.Each(func(c *websocket.Conn) { _ = c.WriteMessage(websocket.BinaryMessage, p) })
	})
}

func upgrader(o peer.Options) *websocket.Upgrader {
	u := websocket.NewUpgrader()
	u.EnableCompression(true)
	u.KeepaliveTime = 0
	if o.Timeouts {
		u.KeepaliveTime = peer.IdleTimeout
	}
	return u
}
