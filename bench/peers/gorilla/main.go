// Command gorilla is github.com/gorilla/websocket on net/http: a goroutine for each connection. The feed is one
// PreparedMessage a tick, written to one subscriber after the other: cheaper than a goroutine and a channel for each,
// but one that does not read holds up all others.
package main

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/stdupgrade"
)

func main() { peer.Main("gorilla", start) }

type server struct {
	up       websocket.Upgrader
	timeouts bool
	hub      feed.Hub[*websocket.Conn]
}

func start(o peer.Options) (peer.Server, error) {
	s := &server{timeouts: o.Timeouts, up: websocket.Upgrader{
		EnableCompression: true, // only where it is offered
		WriteBufferPool:   &sync.Pool{},
	}}
	stop := feed.Every(o.Hz, s.publish)
	srv, err := stdupgrade.Serve(o, s.echo, s.feed, stop)
	if err != nil {
		stop()
	}
	return srv, err
}

func (s *server) echo(w http.ResponseWriter, r *http.Request) {
	c, err := s.up.Upgrade(w, r, nil)
	if err != nil {
		return // answered
	}
	go s.serve(c) // so that net/http's goroutine, and what it holds, can go
}

// serve answers messages until there are no more.
func (s *server) serve(c *websocket.Conn) {
	defer c.Close()
	for {
		if s.timeouts {
			c.SetReadDeadline(time.Now().Add(peer.IdleTimeout))
		}
		kind, p, err := c.ReadMessage()
		if err != nil {
			return
		}
		s.limitWrite(c)
		if err := c.WriteMessage(kind, p); err != nil {
			return
		}
	}
}

func (s *server) feed(w http.ResponseWriter, r *http.Request) {
	c, err := s.up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s.hub.Add(c)
	go func() {
		defer c.Close()
		defer s.hub.Remove(c)
		for { // until the client closes, or the feed does because it cannot write
			if _, _, err := c.NextReader(); err != nil {
				return
			}
		}
	}()
}

func (s *server) publish(p []byte) {
	message, err := websocket.NewPreparedMessage(websocket.BinaryMessage, p)
	if err != nil {
		slog.Error("prepare", "err", err)
		return
	}
	s.hub.Each(func(c *websocket.Conn) {
		s.limitWrite(c)
		if err := c.WritePreparedMessage(message); err != nil {
			c.Close()
		}
	})
}

func (s *server) limitWrite(c *websocket.Conn) {
	if s.timeouts {
		c.SetWriteDeadline(time.Now().Add(peer.WriteTimeout))
	}
}
