package ringwire_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ringwire/ringwire"
)

// Chat: what one says all hear. The connections here live on one loop; what belongs to several goes
// through Post.
func ExampleUpgrade() {
	chat := map[*ringwire.WebSocket]bool{}
	cfg := &ringwire.WebSocketConfig{
		OnOpen:  func(ws *ringwire.WebSocket) { chat[ws] = true },
		OnClose: func(ws *ringwire.WebSocket, end *ringwire.CloseError) { delete(chat, ws) },
		OnMessage: func(ws *ringwire.WebSocket, m ringwire.Message) {
			p := ringwire.Prepare(m.Kind, m.View())
			for to := range chat {
				_ = to.SendPrepared(p) // an error is its OnClose's business
			}
		},
	}
	srv := &ringwire.Server{
		Addr:   "127.0.0.1:0",
		Config: ringwire.Config{Loops: 1},
		Handler: ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
			_, _ = ringwire.Upgrade(w, r, cfg) // what cannot be upgraded it has answered
		}),
	}
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
	_ = ws.Write(ctx, ringwire.TextMessage, []byte("hello"))
	kind, p, err := ws.Read(ctx, nil)
	fmt.Println(kind, string(p), err)
	// Output: text hello <nil>
}

// A goroutine for each connection, as with other libraries.
func ExampleUpgradeBlocking() {
	handler := func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		_ = ringwire.UpgradeBlocking(w, r, nil, func(ws *ringwire.BlockingWebSocket) {
			var buf []byte
			for {
				kind, p, err := ws.Read(context.Background(), buf[:0])
				if err != nil {
					return // a *ringwire.CloseError says how it ended
				}
				if err := ws.Write(context.Background(), kind, p); err != nil {
					return
				}
				buf = p
			}
		})
	}
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(handler)}
	go srv.ListenAndServe()
	defer srv.Close()

	done := make(chan string)
	client := new(ringwire.WebSocketDialer)
	defer client.Close()
	_, err := client.Dial(context.Background(), "ws://"+srv.Started().String()+"/", &ringwire.WebSocketConfig{
		OnOpen:    func(ws *ringwire.WebSocket) { _ = ws.SendText("hello") },
		OnMessage: func(ws *ringwire.WebSocket, m ringwire.Message) { done <- m.String() },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-done)
	// Output: hello
}
