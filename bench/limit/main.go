//go:build linux

// Command limit is the floor that ringwire is measured against: a responder straight on package ring that parses
// nothing. It does what any server on io_uring has to do for a keep-alive request (one receive, one send, a share of
// one enter) and nothing else: it counts request terminators and answers each with one fixed response.
//
// With -ws it is the floor for WebSocket messages: the first request is answered with a fixed 101, then every frame is
// unmasked and sent back.
//
// It is no HTTP server: no requests with a body, no limits, no timeouts.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`host:port` to listen on")
	loops := flag.Int("loops", 1, "event loops, each with its own ring, thread and listener")
	ws := flag.Bool("ws", false, "echo WebSocket frames instead of answering requests")
	flag.Parse()
	if err := run(*addr, *loops, *ws); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
}

func run(addr string, loops int, ws bool) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	failed := make(chan error, loops)
	for range loops {
		fd, err := listen(addr)
		if err != nil {
			return err
		}
		go func() {
			runtime.LockOSThread() // the ring belongs to this thread
			failed <- serve(fd, ws)
		}()
	}
	fmt.Printf("limit listening on %s, %d loop(s)\n", addr, loops)
	select {
	case err := <-failed:
		return err
	case <-signals:
		return nil // the kernel cancels what is in flight and closes everything
	}
}
