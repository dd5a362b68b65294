// Command fanout serves topics to WebSockets from several processes, which share them through NATS: what a client
// of one publishes reaches the clients of all.
//
//	go run . -addr 127.0.0.1:8080                                # with a NATS server in the process
//	go run . -addr 127.0.0.1:8081 -nats nats://127.0.0.1:4222    # joins it
//
// Clients connect to /ws?topic=news. Each text that they send is published, and comes to everyone as
// {"from":"process","seq":1,"text":"…"}; /stats counts.
//
// What is promised: everyone gets what one process publishes in its order, and nothing twice, also when NATS is away
// for a while and comes back. Meanwhile 8192 messages of a topic wait in each process, 8 MiB at most; the publisher is
// told of what is refused beyond.
//
// What is not: NATS keeps nothing, so that a process which is back more than a second later than a publisher misses
// what that one sends again; what finds a process too slow is lost to it; and what waits is lost when its process
// ends. A gap that this leaves is counted, as are the messages missing there, but for those at the end of what a process
// has published. A process that is new gets, when NATS comes back, up to 2048 messages from before it came.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/ringwire/ringwire"
)

func main() {
	var srv ringwire.Server
	flag.StringVar(&srv.Addr, "addr", "127.0.0.1:8080", "address to listen on")
	flag.StringVar(&srv.Driver, "driver", "auto", "auto, uring or netpoll")
	flag.IntVar(&srv.Loops, "loops", 0, "event loops, 0 = as many as suit the driver")
	url := flag.String("nats", "", "URL of a NATS server; empty = start one in this process")
	listen := flag.String("nats-listen", "127.0.0.1:4222", "address of the NATS server in this process")
	topics := flag.String("topics", "news", "topics to share, with commas between")
	flag.Parse()

	if *url == "" {
		ns, err := startNATS(*listen)
		if err != nil {
			log.Fatal(err)
		}
		defer ns.Shutdown()
		*url = ns.ClientURL()
	}
	h, err := newHub(strings.Split(*topics, ","))
	if err != nil {
		log.Fatal(err)
	}
	srv.Handler = ringwire.HandlerFunc(h.serve)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var linked sync.WaitGroup
	defer linked.Wait()
	linked.Go(func() { h.link(ctx, *url) })
	linked.Go(func() { h.receive(ctx) })
	go func() {
		if addr := srv.Started(); addr != nil {
			fmt.Printf("serving http://%v with %s: %s; NATS at %s\n", addr, srv.DriverInfo().Name, srv.DriverInfo().Reason, *url)
		}
		<-ctx.Done()
		_ = srv.Shutdown(context.Background())
	}()
	if err := srv.ListenAndServe(); err != ringwire.ErrServerClosed {
		log.Fatal(err)
	}
}
