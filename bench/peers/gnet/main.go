// Command gnet is github.com/panjf2000/gnet with a handler that parses nothing: it counts request terminators
// (an empty line) and answers each with one fixed response, as gnet's own benchmark programs do. It is therefore no
// HTTP server but the cost of gnet's event loop, and serves the profiles without a request body only.
package main

import (
	"bytes"
	"context"
	"log/slog"

	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/logging"

	"github.com/ringwire/ringwire/bench/internal/fixed"
	"github.com/ringwire/ringwire/bench/internal/peer"
)

func main() { peer.Main("gnet", start) }

func start(o peer.Options) (peer.Server, error) {
	if err := o.Plain(); err != nil {
		return nil, err
	}
	s := &server{booted: make(chan struct{}), ended: make(chan error, 1)}
	go func() {
		s.ended <- gnet.Run(s, "tcp://"+o.Addr, gnet.WithMulticore(true), gnet.WithTCPNoDelay(gnet.TCPNoDelay),
			gnet.WithLogLevel(logging.ErrorLevel))
	}()
	select {
	case <-s.booted:
		return s, nil
	case err := <-s.ended:
		return nil, err
	}
}

type server struct {
	gnet.BuiltinEventEngine
	engine gnet.Engine
	booted chan struct{}
	ended  chan error
}

func (s *server) OnBoot(e gnet.Engine) gnet.Action {
	s.engine = e
	close(s.booted)
	return gnet.None
}

func (s *server) OnTraffic(c gnet.Conn) gnet.Action {
	in, err := c.Peek(-1)
	if err != nil {
		slog.Error("peek", "err", err)
		return gnet.Close
	}
	n := bytes.Count(in, fixed.Terminator)
	if n == 0 {
		return gnet.None // the rest of the head is on its way
	}
	end := bytes.LastIndex(in, fixed.Terminator) + len(fixed.Terminator)
	if _, err := c.Discard(end); err != nil {
		return gnet.Close
	}
	for n > 0 {
		out := fixed.Responses(n)
		if _, err := c.Write(out); err != nil {
			return gnet.Close
		}
		n -= len(out) / len(fixed.Response)
	}
	return gnet.None
}

func (s *server) Shutdown(ctx context.Context) error { return s.engine.Stop(ctx) }
