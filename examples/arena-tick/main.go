// Command arena-tick is a world of moving dots, computed 60 times a second and sent to everyone who has its page
// open. Each of them steers one: the template for a game's server.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ringwire/ringwire"
)

// rate is how many ticks a second has.
const rate = 60

func main() {
	var srv ringwire.Server
	flag.StringVar(&srv.Addr, "addr", "127.0.0.1:8080", "address to listen on")
	flag.StringVar(&srv.Driver, "driver", "auto", "auto, uring or netpoll")
	flag.IntVar(&srv.Loops, "loops", 0, "event loops, 0 = as many as suit the driver")
	spin := flag.Duration("spin", 0, "how long before a tick to stay awake for it")
	bots := flag.Int("bots", 160, "dots that nobody steers")
	flag.Parse()
	if *bots < 0 || *bots > capacity {
		log.Fatalf("-bots %d: 0 to %d fit in", *bots, capacity)
	}

	a := newArena(*bots)
	srv.Handler = ringwire.HandlerFunc(a.serve)
	if _, err := srv.NewTicker(ringwire.TickConfig{Every: time.Second / rate, Func: a.tick, Spin: *spin}); err != nil {
		log.Fatal(err)
	}
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
