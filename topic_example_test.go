package ringwire_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ringwire/ringwire"
)

// watch serves cfg, and reads what a client of it gets: n messages, after each of which it calls then.
func watch(cfg *ringwire.WebSocketConfig, n int, then func(i int, message string)) {
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(
		func(w *ringwire.ResponseWriter, r *ringwire.Request) { _, _ = ringwire.Upgrade(w, r, cfg) },
	)}
	go srv.ListenAndServe()
	defer srv.Close()
	client := new(ringwire.WebSocketDialer)
	defer client.Close()
	ctx := context.Background()
	ws, err := client.DialBlocking(ctx, "ws://"+srv.Started().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ws.Close(ringwire.CloseNormal, "")
	for i := range n {
		_, p, err := ws.Read(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		then(i, string(p))
	}
}

// A world that everybody sees. Who joins is told how it stands, and so is who has missed something.
func ExampleTopic() {
	world := []byte("10 dots")
	tick := ringwire.NewTopic(ringwire.TopicConfig{})
	cfg := &ringwire.WebSocketConfig{
		OnOpen: func(ws *ringwire.WebSocket) {
			if tick.Subscribe(ws) == nil {
				_ = ws.SendBinary(world)
			}
		},
		OnDrain: func(ws *ringwire.WebSocket) { _ = ws.SendBinary(world) },
	}
	watch(cfg, 4, func(i int, message string) {
		fmt.Println(message)
		_ = tick.Publish(ringwire.TextMessage, fmt.Appendf(nil, "dot %d moves", i)) // anywhere, at any time
	})
	// Output:
	// 10 dots
	// dot 0 moves
	// dot 1 moves
	// dot 2 moves
}

// Prices, of which a slow reader gets the latest of each, and no other.
func ExampleTopic_PublishKeyed() {
	prices := ringwire.NewTopic(ringwire.TopicConfig{Policy: ringwire.Conflate, MaxMessages: 1000})
	cfg := &ringwire.WebSocketConfig{OnOpen: func(ws *ringwire.WebSocket) { _ = prices.Subscribe(ws); _ = ws.SendText("hello") }}
	quote := func(symbol string, price int) {
		_ = prices.PublishKeyed(symbol, ringwire.TextMessage, fmt.Appendf(nil, "%s %d", symbol, price))
	}
	watch(cfg, 3, func(i int, message string) {
		fmt.Println(message)
		quote("GOPHR", 40+i)
	})
	// Output:
	// hello
	// GOPHR 40
	// GOPHR 41
}
