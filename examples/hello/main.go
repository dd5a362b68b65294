// Command hello is the smallest ringwire server, to copy from.
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

func main() {
	srv := ringwire.Server{Handler: ringwire.HandlerFunc(hello)}
	flag.StringVar(&srv.Addr, "addr", "127.0.0.1:8080", "address to listen on")
	flag.StringVar(&srv.Driver, "driver", "auto", "auto, uring or netpoll")
	flag.IntVar(&srv.Loops, "loops", 0, "event loops, 0 = as many as suit the driver")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		if addr := srv.Started(); addr != nil {
			fmt.Printf("serving http://%v with %s: %s\n", addr, srv.DriverInfo().Name, srv.DriverInfo().Reason)
		}
		<-ctx.Done()
		_ = srv.Shutdown(context.Background())
	}()
	if err := srv.ListenAndServe(); err != ringwire.ErrServerClosed {
		log.Fatal(err)
	}
}

func hello(w *ringwire.ResponseWriter, r *ringwire.Request) {
	_, _ = w.WriteString("Hello from ringwire\n")
}
