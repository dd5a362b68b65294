// Command nethttp is the standard library's server behind the profiles' endpoints.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/ringwire/ringwire/bench/internal/peer"
	"github.com/ringwire/ringwire/bench/internal/stdroutes"
)

func main() { peer.Main("nethttp", start) }

func start(o peer.Options) (peer.Server, error) {
	ln, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	if ln, err = o.TLS.Listener(ln); err != nil { // unlike ServeTLS without HTTP/2, which nobody else speaks
		return nil, err
	}
	srv := &http.Server{Handler: stdroutes.Handler(false)}
	if o.Timeouts {
		srv.ReadHeaderTimeout = peer.HeadTimeout
		srv.IdleTimeout = peer.IdleTimeout
	}
	go func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("serve", "err", err)
		}
	}()
	return server{srv}, nil
}

type server struct{ *http.Server }

func (s server) Shutdown(ctx context.Context) error { return s.Server.Shutdown(ctx) }
