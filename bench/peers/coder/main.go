// Command coder is github.com/coder/websocket on net/http: a goroutine for each connection. It has no prepared
// messages: the feed writes a message to one subscriber after the other. Its only deadlines are contexts, one for each
// operation; it is left without.
package main

import (
	"context"
	"net/http"

	"github.com/coder/websocket"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/stdupgrade"
)

func main() { peer.Main("coder", start) }

type server struct{ hub feed.Hub[*websocket.Conn] }

func start(o peer.Options) (peer.Server, error) {
	s := &server{}
	stop := feed.Every(o.Hz, s.publish)
	srv, err := stdupgrade.Serve(o, s.echo, s.feed, stop)
	if err != nil {
		stop()
	}
	return srv, err
}

// accept upgrades, with compression where it is offered: without context, which takes the least memory.
func accept(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionNoContextTakeover})
	if err == nil {
		c.SetReadLimit(1 << 20)
	}
	return c, err
}

func (s *server) echo(w http.ResponseWriter, r *http.Request) {
	c, err := accept(w, r)
	if err != nil {
		return // answered
	}
	go func() { // so that net/http's goroutine, and what it holds, can go
		defer c.CloseNow()
		ctx := context.Background()
		for {
			kind, p, err := c.Read(ctx)
			if err != nil {
				return
			}
			if err := c.Write(ctx, kind, p); err != nil {
				return
			}
		}
	}()
}

func (s *server) feed(w http.ResponseWriter, r *http.Request) {
	c, err := accept(w, r)
	if err != nil {
		return
	}
	s.hub.Add(c)
	go func() {
		defer c.CloseNow()
		defer s.hub.Remove(c)
		for { // until the client closes, or the feed does because it cannot write
			if _, _, err := c.Reader(context.Background()); err != nil {
				return
			}
		}
	}()
}

func (s *server) publish(p []byte) {
	s.hub.Each(func(c *websocket.Conn) {
		if err := c.Write(context.Background(), websocket.MessageBinary, p); err != nil {
			c.CloseNow()
		}
	})
}
