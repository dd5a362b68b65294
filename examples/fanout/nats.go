package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startNATS runs a NATS server in this process.
func startNATS(listen string) (*server.Server, error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	ns, err := server.NewServer(&server.Options{Host: host, Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		return nil, err
	}
	go ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		ns.Shutdown()
		return nil, fmt.Errorf("the NATS server does not listen on %s", listen)
	}
	return ns, nil
}

const (
	redialEvery = 100 * time.Millisecond

	// grace is how long a process waits, back at NATS, before it sends what has waited: the others
	// are back by then, too. NATS forgets what nobody listens to.
	grace = 10 * redialEvery
)

// link keeps a connection to NATS until ctx ends, and sends what is published. The client's own way to connect again
// is not used: it goes on with new messages before anybody can send the old ones, of which it does not know whether
// they have arrived. A connection here is used until it fails, and never again.
func (h *hub) link(ctx context.Context, url string) {
	for again := false; ctx.Err() == nil; again = true {
		closed := make(chan struct{})
		nc, err := nats.Connect(url, nats.NoReconnect(), nats.Timeout(2*time.Second), nats.PingInterval(5*time.Second),
			nats.MaxPingsOutstanding(2), nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Println("NATS:", err) }))
		if err != nil {
			pause(ctx, redialEvery)
			continue
		}
		if err := h.session(ctx, nc, closed, again); err != nil && ctx.Err() == nil {
			log.Println("NATS:", err)
		}
		h.connected.Store(false)
		nc.Close()
		<-closed
		pause(ctx, redialEvery)
	}
}

// session sends on one connection until that ends.
func (h *hub) session(ctx context.Context, nc *nats.Conn, closed <-chan struct{}, again bool) error {
	for _, s := range h.streams {
		if _, err := nc.ChanSubscribe(s.subject, h.in); err != nil {
			return err
		}
	}
	if err := nc.FlushTimeout(5 * time.Second); err != nil { // the subscriptions hold
		return err
	}
	h.connected.Store(true)
	h.sessions.Add(1)
	if again {
		pause(ctx, grace)
	}
	for _, s := range h.streams {
		s.rewind()
	}
	for {
		for _, s := range h.streams {
			if err := s.send(nc); err != nil {
				return err
			}
		}
		select {
		case <-h.wake:
		case <-closed:
			return nats.ErrConnectionClosed
		case <-ctx.Done():
			return nc.FlushTimeout(time.Second)
		}
	}
}

// send sends what has not been sent on this connection.
func (s *stream) send(nc *nats.Conn) error {
	for {
		frame := s.next()
		if frame == nil {
			return nil
		}
		if err := nc.Publish(s.subject, frame); err != nil {
			return err
		}
	}
}

// receive takes what comes from NATS, on any connection, until ctx ends.
func (h *hub) receive(ctx context.Context) {
	for {
		select {
		case m := <-h.in:
			if s := h.bySubject[m.Subject]; s != nil {
				s.received(m.Data)
			}
		case <-ctx.Done():
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
