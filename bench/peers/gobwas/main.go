//go:build linux

// Command gobwas is github.com/gobwas/ws without net/http and without a goroutine for each connection, as its author
// made it for: its upgrader straight on the socket, then epoll loops that wait for readable connections and have one
// read buffer and one write buffer each. The feed is one compiled frame a tick, written to one subscriber after the
// other.
//
// A loop reads a message to its end: a client that sends half a message and no more holds up those beside it. A
// server for the open internet would hand the message to a goroutine, which costs more.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

func main() { peer.Main("gobwas", start) }

type server struct {
	listener net.Listener
	loops    []*loop
	hub      feed.Hub[*conn]
	stop     func() // the feed
}

func start(o peer.Options) (peer.Server, error) {
	if err := o.Plain(); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	s := &server{listener: ln}
	for range runtime.GOMAXPROCS(0) {
		l, err := newLoop()
		if err != nil {
			ln.Close()
			return nil, err
		}
		s.loops = append(s.loops, l)
		go l.run(s.left)
	}
	s.stop = feed.Every(o.Hz, s.publish)
	go s.accept(o.Timeouts)
	return s, nil
}

func (s *server) accept(timeouts bool) {
	for n := 0; ; n++ {
		c, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			slog.Error("accept", "err", err)
			return
		}
		go s.serve(c, s.loops[n%len(s.loops)], timeouts)
	}
}

// serve makes the handshake and hands the connection to its loop.
func (s *server) serve(raw net.Conn, l *loop, timeouts bool) {
	if timeouts {
		raw.SetDeadline(time.Now().Add(peer.HeadTimeout))
	}
	path, deflate, err := upgrade(raw)
	if err != nil {
		raw.Close() // answered
		return
	}
	raw.SetDeadline(time.Time{})
	c := &conn{Conn: raw, deflate: deflate, subscriber: path == websock.FeedPath}
	if c.subscriber {
		s.hub.Add(c)
	}
	if err := l.add(c); err != nil {
		slog.Error("epoll", "err", err)
		s.left(c)
	}
}

func upgrade(c net.Conn) (path string, deflate bool, err error) {
	extension := wsflate.Extension{Parameters: wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true}}
	up := ws.Upgrader{
		OnRequest: func(uri []byte) error {
			path = string(uri)
			if path != websock.EchoPath && path != websock.FeedPath {
				return ws.RejectConnectionError(ws.RejectionStatus(404))
			}
			return nil
		},
		Negotiate: func(o httphead.Option) (httphead.Option, error) { return extension.Negotiate(o) },
	}
	_, err = up.Upgrade(c)
	_, deflate = extension.Accepted()
	return path, deflate, err
}

func (s *server) left(c *conn) {
	if c.subscriber {
		s.hub.Remove(c)
	}
	c.Close()
}

func (s *server) publish(p []byte) {
	frame, err := ws.CompileFrame(ws.NewBinaryFrame(p))
	if err != nil {
		slog.Error("compile", "err", err)
		return
	}
	s.hub.Each(func(c *conn) {
		if _, err := c.Write(frame); err != nil {
			s.hub.Remove(c) // its loop sees the end, too
		}
	})
}

// Shutdown leaves the connections to their clients, as the other peers do.
func (s *server) Shutdown(context.Context) error {
	s.stop()
	return s.listener.Close()
}
