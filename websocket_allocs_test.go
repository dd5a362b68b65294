package ringwire

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"
)

// An echoed message costs no allocation, whichever way it is handled: less than one in a hundred
// messages, in the whole process, through a real socket.
func TestWebSocketAllocs(t *testing.T) {
	if raceEnabled || testConfig(DriverNetpoll).DisablePooling {
		t.Skip("the build or the configuration allocates by itself")
	}
	rounds := 2000
	if testing.Short() {
		rounds = 400
	}
	prepared := Prepare(TextMessage, []byte(repeat(512)))
	small := text(repeat(64))
	for _, tc := range []struct {
		name, send string
		reply      int // bytes
		cfg        *WebSocketConfig
	}{
		{"small", small, 66, &WebSocketConfig{OnMessage: echo}},
		{"1 KiB", text(repeat(1024)), 1028, &WebSocketConfig{OnMessage: echo}},
		{"in fragments", frame(opText, repeat(600)) + frame(fin, repeat(600)), 1204, &WebSocketConfig{OnMessage: echo}},
		{"copied", small, 66, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) { _ = ws.SendText("x"); _ = ws.Send(m.Kind, m.View()[:61]) }}},
		{"prepared", small, 516, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) { _ = ws.SendPrepared(prepared) }}},
		{"ping", frame(fin|opPing, repeat(64)) + text(""), 68, &WebSocketConfig{OnMessage: echo}},
		{"posted", small, 66, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) { ws.Post(sendReply) }}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				s := wsServer(t, driver, tc.cfg, plain)
				p := s.dialWS()
				c := &frugalWS{t, p.Conn, nil, make([]byte, 64<<10)}
				measure := func(batch, rounds int) {
					c.send = bytes.Repeat([]byte(tc.send), batch)
					for range 200 {
						c.exchange(batch * tc.reply)
					}
					wantFrugal(t, fmt.Sprintf("message of %d at once", batch), rounds*batch, 0.01, func() {
						for range rounds {
							c.exchange(batch * tc.reply)
						}
					})
				}
				measure(16, rounds)
				measure(1, rounds)
			})
		})
	}
}

var reply = []byte(repeat(64))

func sendReply(ws *WebSocket) { _ = ws.Send(TextMessage, reply) }

// frugalWS is a client that does not allocate.
type frugalWS struct {
	t    *testing.T
	c    net.Conn
	send []byte
	buf  []byte
}

func (c *frugalWS) exchange(n int) {
	_ = c.c.SetDeadline(time.Now().Add(patience))
	if _, err := c.c.Write(c.send); err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.ReadFull(c.c, c.buf[:n]); err != nil {
		c.t.Fatal(err)
	}
}

// An idle WebSocket is small, also one that has compressed messages: what it takes besides an idle
// connection, of the Go heap and of buffers.
func TestWebSocketIdleMemory(t *testing.T) {
	if raceEnabled || testConfig(DriverNetpoll).DisablePooling {
		t.Skip("the build or the configuration takes more")
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, Compression: &WebSocketCompression{}}, plain)
		upgrade := func(p *wsPeer) {
			p.send(wsGet("/", "Sec-WebSocket-Extensions: permessage-deflate"))
			p.expectSwitch()
			p.send(frame(opText, repeat(300)) + frame(fin, repeat(300)))
			if f, err := p.readFrame(); err != nil || f.first != fin|deflate|opText {
				t.Fatalf("got %#x, %v, want a compressed message", f.first, err)
			}
		}
		const n = 500
		var clients [n]*wsPeer
		for i := range clients {
			clients[i] = &wsPeer{s.dial()}
			clients[i].send(get("/"))
			clients[i].response("GET")
		}
		upgrade(&wsPeer{s.dial()}) // what is there for all
		heap := func() int {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		before := heap()
		for _, p := range clients {
			upgrade(p)
		}
		per := (heap() - before) / n
		if leased := s.Stats().Leased; leased > 5 {
			t.Errorf("%d buffers are out for %d idle WebSockets", leased, n)
		}
		if t.Logf("%d bytes more than a connection", per); per > 900 {
			t.Errorf("a WebSocket takes %d bytes more than an idle connection, want 900 at most", per)
		}
		runtime.KeepAlive(&clients)
	})
}
