//go:build linux

package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// delivery is the unit of a broadcast: one frame at one subscriber.
const delivery = "delivery"

// socketProfiles are those with WebSockets.
func socketProfiles() []profile {
	list := []profile{}
	for _, cores := range []int{1, 2} {
		for _, conns := range []int{64, 512} {
			for _, size := range []int{64, 1024} {
				list = append(list, echo(size, conns, cores))
			}
		}
	}
	return append(list,
		broadcast("ws-broadcast-1k", 1000, feed.Rate),
		broadcast("ws-broadcast-5k", 5000, feed.Rate),
		broadcast("ws-broadcast-5k-12hz", 5000, 12),
		profile{name: "ws-broadcast-stalled", title: "Broadcast, half of the subscribers stalled",
			detail: "512 B at 60 Hz to 1 000, and 1 000 that never read, one core", unit: delivery,
			cores: 1, load: []string{"ws-feed", "-stall", strconv.Itoa(1000)}, hz: feed.Rate, conns: 1000, shortConns: 100, long: true},
		profile{name: "ws-idle", title: "Idle WebSockets", detail: "10 000, each pinged once", unit: "connection",
			cores: 1, load: []string{"idle", "-ws"}, conns: idleConns, shortConns: 300, long: true},
		profile{name: "ws-idle-deflate", title: "Idle WebSockets, compression negotiated", detail: "10 000, each pinged once", unit: "connection",
			cores: 1, load: []string{"idle", "-ws", "-deflate"}, conns: idleConns, shortConns: 300},
	)
}

// echo is a profile of messages of size bytes, one at a time on each connection.
func echo(size, conns, cores int) profile {
	name, title := strconv.Itoa(size), fmt.Sprintf("Echo of %d B", size)
	if size == 1024 {
		name, title = "1k", "Echo of 1 KiB"
	}
	p := profile{name: fmt.Sprintf("ws-echo-%sx%d", name, conns), title: fmt.Sprintf("%s, %d WebSockets", title, conns),
		detail: fmt.Sprintf("%d connections, one message at a time, one core", conns), unit: "message",
		cores: cores, load: []string{"ws-echo", "-size", strconv.Itoa(size)}, conns: conns, shortConns: 16, long: size > 64 || conns > 64}
	if cores > 1 {
		p.name += "-twocore"
		p.title += ", two cores"
		p.detail = strings.Replace(p.detail, "one core", "shared with the load", 1)
		p.long = true
	}
	return p
}

func broadcast(name string, conns, hz int) profile {
	return profile{name: name, title: fmt.Sprintf("Broadcast to %d 000 at %d Hz", conns/1000, hz), unit: delivery,
		detail: fmt.Sprintf("one frame of 512 B a tick, %d 000 connections, one core", conns/1000),
		cores:  1, load: []string{"ws-feed"}, hz: hz, conns: conns, shortConns: 100, long: conns > 1000}
}

// isWebSocket is a profile on upgraded connections.
func (p *profile) isWebSocket() bool { return strings.HasPrefix(p.name, "ws-") }

// isFeed is a broadcast.
func (p *profile) isFeed() bool { return p.load != nil && p.load[0] == "ws-feed" }

// isHeld is a load that opens its connections before its time begins, and keeps them.
func (p *profile) isHeld() bool { return p.isFeed() || p.load != nil && p.load[0] == "ws-echo" }

// stalls is whether subscribers stop reading.
func (p *profile) stalls() bool { return slices.Contains(p.load, "-stall") }

// deflates is whether compression is negotiated.
func (p *profile) deflates() bool { return slices.Contains(p.load, "-deflate") }

// heldUp are the peers whose feed writes to one subscriber after the other, and waits.
var heldUp = []string{"gobwas", "gorilla", "coder"}

// excludesSocket says why a contestant has no part in a WebSocket profile, "" if it has.
func (p *profile) excludesSocket(c *contestant) string {
	switch {
	case c.plain:
		return "is for comparison with TLS only"
	case !c.echo && !c.feed:
		return "is not compared with WebSockets"
	case p.isFeed() && !c.feed:
		return "has no feed"
	case !p.isFeed() && !c.echo:
		return "does nothing but broadcast"
	case p.deflates() && !c.deflate:
		return "has no compression"
	case p.stalls() && slices.Contains(heldUp, c.name):
		return "stops its feed for a subscriber that does not read"
	}
	return ""
}

// verifySocket makes a handshake and wants an echo, or two frames of the feed.
func (p *profile) verifySocket(addr string) error {
	path := websock.EchoPath
	if p.isFeed() {
		path = websock.FeedPath
	}
	c, err := websock.Dial(addr, path, p.deflates(), verifyLimit)
	if err != nil {
		return err
	}
	defer c.Close()
	if p.isFeed() {
		return verifyFeed(c)
	}
	want := bytes.Repeat([]byte("ringwire"), 8)
	if err := c.Send(websock.Fin|websock.Binary, want); err != nil {
		return err
	}
	first, got, err := c.Receive()
	if err == nil && first&websock.RSV1 == 0 && (first != websock.Fin|websock.Binary || !bytes.Equal(got, want)) {
		err = fmt.Errorf("%q is echoed as %.100q, first byte %#x", want, got, first)
	}
	return err
}

func verifyFeed(c *websock.Conn) error {
	var before uint64
	for range 2 {
		first, p, err := c.Receive()
		if err != nil {
			return err
		}
		seq, _, ok := feed.Parse(p)
		if !ok || first != websock.Fin|websock.Binary || before > 0 && seq != before+1 {
			return fmt.Errorf("the feed sends %d bytes with first byte %#x, number %d after %d", len(p), first, seq, before)
		}
		before = seq
	}
	return nil
}
