//go:build linux

package main

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ringwire/ringwire/bench/internal/bareloop"
	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
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

// One short run of every kind of measurement with WebSockets.
func TestSocketsEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs servers for several seconds")
	}
	t.Chdir("..") // as go -C bench run ./compare
	dir := t.TempDir()
	args := []string{"-short", "-peers", "bare-send,gorilla,gws", "-profiles", "ws-echo-64x64,ws-broadcast-1k,ws-broadcast-stalled,ws-idle-deflate", "-out", dir}
	var stdout, stderr bytes.Buffer
	if err := run(context.Background(), args, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	rec, err := readRecord(filepath.Join(dir, "compare.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := 9 // two echo, three feed, two of these to some that stall, two are idle
	if bareloop.Missing() != nil {
		want -= 2
	}
	if len(rec.Samples) != want {
		t.Errorf("%d measurements, want %d", len(rec.Samples), want)
	}
	for _, s := range rec.Samples {
		idle, feed := s.Profile == "ws-idle-deflate", strings.HasPrefix(s.Profile, "ws-broadcast")
		if s.Requests < 1 || s.PeakRSS < 1<<19 || !idle && (s.CPU <= 0 || s.Rate <= 0 || s.P99 < s.P50 || s.Busy <= 0) ||
			feed && (s.Ticks <= 0 || s.Ticks > 100 || s.Spread99 < s.Spread50) || idle && s.ConnRSS <= 0 {
			t.Errorf("implausible sample %+v", s)
		}
	}
	for _, part := range []string{"spread p99", "| gorilla |", "left out: gobwas, gorilla, coder (stops its feed"} {
		if !strings.Contains(stdout.String(), part) {
			t.Errorf("no %q in\n%s", part, stdout.String())
		}
	}
}

// What falls into a load's time is what is divided: neither more nor less.
func TestFillHeld(t *testing.T) {
	at := time.Now()
	before := reading{at: at, server: usage{exec: time.Second, user: 100 * time.Millisecond, system: 900 * time.Millisecond}}
	after := reading{at: at.Add(2 * time.Second), server: usage{exec: 2 * time.Second, user: 350 * time.Millisecond, system: 1650 * time.Millisecond},
		load: usage{exec: time.Second, system: time.Second}, machine: machine{busy: 3 * time.Second, steal: 100 * time.Millisecond}}
	var s sample
	list, _ := chooseProfiles("ws-broadcast-1k", false)
	r := loadresult.Result{Requests: 100_000, Seconds: 2, Ticks: 100, Spread50: 5, Spread99: 9}
	if err := s.fillHeld(&list[0], r, &before, &after); err != nil {
		t.Fatal(err)
	}
	if near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }; !near(s.CPU, 10) || !near(s.User, 2.5) || !near(s.Busy, 0.5) ||
		!near(s.Others, 0.5) || !near(s.Steal, 0.05) || !near(s.Ticks, 50) || s.Spread50 != 5 || s.Spread99 != 9 || !near(s.Rate, 50_000) {
		t.Errorf("%+v", s)
	}
	r.Errors = 1001
	if err := s.fillHeld(&list[0], r, &before, &after); err == nil {
		t.Error("a feed that lost one frame in a hundred has figures")
	}
}
