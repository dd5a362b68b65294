// Command nbio is github.com/lesismal/nbio's HTTP server behind the profiles' endpoints, configured as in nbio's
// own examples: net/http handlers on its goroutine pool. nbio keeps a request's body in memory until it is complete,
// so its uploads are buffered, not streamed. Its WebSockets stay on its event loops.
package main

import (
	"context"
	"net/http"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"

	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/stdroutes"
)

func main() { peer.Main("nbio", start) }

const maxConnections = 1 << 20 // as in nbio's examples; the default refuses from 10 000 on

func start(o peer.Options) (peer.Server, error) {
	if err := o.Plain(); err != nil {
		return nil, err
	}
	if err := peer.Available(o.Addr); err != nil {
		return nil, err
	}
	logging.SetLevel(logging.LevelError)
	mux := http.NewServeMux()
	stop := addWebSocket(mux, o)
	mux.Handle("/", stdroutes.Handler(true))
	config := nbhttp.Config{
		Network:         "tcp",
		Addrs:           []string{o.Addr},
		MaxLoad:         maxConnections,
		MaxHTTPBodySize: endpoint.MaxUpload,
		Handler:         mux,
	}
	if o.Timeouts {
		config.KeepaliveTime = peer.IdleTimeout
	}
	engine := nbhttp.NewEngine(config)
	if err := engine.Start(); err != nil {
		stop()
		return nil, err
	}
	return server{engine, stop}, nil
}

type server struct {
	*nbhttp.Engine
	stop func() // the feed
}

func (s server) Shutdown(ctx context.Context) error {
	s.stop()
	return s.Engine.Shutdown(ctx)
}
