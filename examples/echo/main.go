// Command echo sends every WebSocket message back, to copy from.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/ringwire/ringwire"
)

var config = ringwire.WebSocketConfig{
	OnMessage:   func(ws *ringwire.WebSocket, m ringwire.Message) { _ = ws.Echo(m) },
	Compression: &ringwire.WebSocketCompression{},
}

func main() {
	srv := ringwire.Server{Handler: ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		_, _ = ringwire.Upgrade(w, r, &config) // what cannot be upgraded it has answered
	})}
	flag.StringVar(&srv.Addr, "addr", "127.0.0.1:8080", "address to listen on")
	flag.StringVar(&srv.Driver, "driver", "auto", "auto, uring or netpoll")
	flag.IntVar(&srv.Loops, "loops", 0, "event loops, 0 = as many as suit the driver")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		if addr := srv.Started(); addr != nil {
			fmt.Printf("serving ws://%v with %s: %s\n", addr, srv.DriverInfo().Name, srv.DriverInfo().Reason)
		}
		<-ctx.Done()
		_ = srv.Shutdown(context.Background())
	}()
	if err := srv.ListenAndServe(); err != ringwire.ErrServerClosed {
		log.Fatal(err)
	}
}
