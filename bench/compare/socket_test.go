//go:build linux

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// answering is a WebSocket server that sends what a test wants: bend changes every message.
func answering(t *testing.T, bend func(n int, p []byte) []byte) (addr string) {
	up := websocket.Upgrader{EnableCompression: true}
	mux := http.NewServeMux()
	mux.HandleFunc(websock.EchoPath, func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for n := 1; ; n++ {
			kind, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			c.WriteMessage(kind, bend(n, p))
		}
	})
	mux.HandleFunc(websock.FeedPath, func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for n := 1; n < 4; n++ {
			p := feed.New()
			feed.Stamp(p, uint64(n), time.Now())
			c.WriteMessage(websocket.BinaryMessage, bend(n, p))
		}
		c.ReadMessage() // until the client closes
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// A server that answers something else is not measured.
func TestVerifySocket(t *testing.T) {
	good := answering(t, func(_ int, p []byte) []byte { return p })
	bad := answering(t, func(_ int, p []byte) []byte { return p[1:] })
	gap := answering(t, func(n int, p []byte) []byte {
		feed.Stamp(p, uint64(n*n), time.Now())
		return p
	})
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for _, p := range socketProfiles() {
		if err := p.verify(good, false); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if err := p.verify(gap, false); p.isFeed() && (err == nil || !strings.Contains(err.Error(), "number 4 after 1")) {
			t.Errorf("%s: %v from a feed with a gap", p.name, err)
		}
		if err := p.verify(bad, false); err == nil && !p.deflates() { // there the answer is compressed
			t.Errorf("%s: no error from a server that answers nonsense", p.name)
		}
		if err := p.verify(plain.Listener.Addr().String(), false); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("%s: %v from a server without WebSockets", p.name, err)
		}
	}
}

// The loads get what the profile says.
func TestSocketLoadArgs(t *testing.T) {
	for name, want := range map[string]string{
		"ws-echo-1kx512":       "ws-echo -size 1024 -addr a -conns 512 -duration 4s -warmup 1s",
		"ws-broadcast-5k":      "ws-feed -addr a -conns 5000 -duration 4s -warmup 1s",
		"ws-broadcast-stalled": "ws-feed -stall 1000 -addr a -conns 1000 -duration 4s -warmup 1s",
		"ws-idle-deflate":      "idle -ws -deflate -addr a -conns 10000",
	} {
		list, err := chooseProfiles(name, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(list[0].loadArgs("a", list[0].conns, 4*time.Second, time.Second, false), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
