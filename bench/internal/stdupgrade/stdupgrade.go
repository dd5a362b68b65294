// Package stdupgrade is the net/http server under the WebSocket peers that upgrade its requests.
package stdupgrade

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// Serve listens and gives requests for the two paths to echo and feed. stop ends what feeds the subscribers.
func Serve(o peer.Options, echo, feed http.HandlerFunc, stop func()) (peer.Server, error) {
	if err := o.Plain(); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+websock.EchoPath, echo)
	mux.HandleFunc("GET "+websock.FeedPath, feed)
	srv := &http.Server{Handler: mux}
	if o.Timeouts {
		srv.ReadHeaderTimeout = peer.HeadTimeout
		srv.IdleTimeout = peer.IdleTimeout
	}
	go func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("serve", "err", err)
		}
	}()
	return server{srv, stop}, nil
}

type server struct {
	http *http.Server
	stop func()
}

// Shutdown leaves upgraded connections to their clients: net/http no longer knows of them.
func (s server) Shutdown(ctx context.Context) error {
	s.stop()
	return s.http.Shutdown(ctx)
}
