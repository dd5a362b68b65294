//go:build linux

package main

import (
	"fmt"
	"net"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"

	"github.com/ringwire/ringwire/bench/internal/secret"
)

// greetAll makes the bursts: connections and hellos are prepared, and then the hellos leave together.
func greetAll(o *options) error {
	cfg := secret.Client()
	cfg.ServerName = "bench"
	if err := choose(cfg, o.groups); err != nil {
		return err
	}
	engine, err := tls.NewEngine(tls.Config{System: cfg}, tls.Client)
	if err != nil {
		return err
	}
	alloc := mem.NewAllocator(mem.Config{})
	loop := engine.NewLoop(alloc)
	for range o.rounds {
		if err := burst(o, loop, alloc); err != nil {
			return err
		}
		time.Sleep(o.pause)
	}
	return nil
}

// greeting is a client.
type greeting struct {
	net.Conn
	session *tls.Session
	out     mem.Writer
	in      []byte
}

func burst(o *options, loop *tls.Loop, alloc *mem.Allocator) error {
	all := make([]*greeting, o.clients)
	for i := range all {
		c, err := net.Dial("tcp4", o.client)
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		g := &greeting{Conn: c, session: loop.Dial("")}
		defer g.session.Abort()
		g.out.Init(alloc, 0)
		if _, _, err := g.session.Step(nil, &g.out); err != nil {
			return err
		}
		all[i] = g
	}
	time.Sleep(o.pause) // until the server has accepted all, and rests
	for _, g := range all {
		if err := g.flush(); err != nil {
			return err
		}
	}
	// Clients are elsewhere as a rule: these do not compute while the server does.
	for _, g := range all {
		if err := g.answer(); err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
	}
	for _, g := range all {
		if err := g.finish(); err != nil {
			return fmt.Errorf("handshake: %w", err)
		}
	}
	// Nobody closes before all are through: that would be work for the server, too.
	time.Sleep(o.pause)
	return nil
}

func (g *greeting) flush() error {
	_, err := g.out.Segments().WriteTo(g)
	return err
}

// answer reads what the server says to the hello, or its beginning.
func (g *greeting) answer() error {
	buf := make([]byte, 16<<10)
	n, err := g.Read(buf)
	g.in = append(g.in, buf[:n]...)
	return err
}

// finish ends the handshake.
func (g *greeting) finish() error {
	for {
		used, _, err := g.session.Step(g.in, &g.out)
		if err != nil {
			return err
		}
		g.in = g.in[used:]
		if g.session.Ready() {
			return g.flush()
		}
		if err := g.answer(); err != nil {
			return err
		}
	}
}
