// Command nbio is github.com/lesismal/nbio's HTTP server behind the profiles' endpoints, configured as in nbio's
// own examples: net/http handlers on its goroutine pool. nbio keeps a request's body in memory until it is complete,
// so its uploads are buffered, not streamed.
package main

import (
	"context"

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
	config := nbhttp.Config{
		Network:         "tcp",
		Addrs:           []string{o.Addr},
		MaxLoad:         maxConnections,
		MaxHTTPBodySize: endpoint.MaxUpload,
		Handler:         stdroutes.Handler(true),
	}
	if o.Timeouts {
		config.KeepaliveTime = peer.IdleTimeout
	}
	engine := nbhttp.NewEngine(config)
	if err := engine.Start(); err != nil {
		return nil, err
	}
	return server{engine}, nil
}

type server struct{ *nbhttp.Engine }

func (s server) Shutdown(ctx context.Context) error { return s.Engine.Shutdown(ctx) }
