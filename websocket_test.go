package ringwire

import (
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// Messages of every size come back as they were, whole and in pieces.
func TestWebSocketEcho(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo})
		p := s.dialWS()
		for _, n := range []int{0, 1, 125, 126, 127, 500, 4000, 65535, 65536, 70_000, 1 << 20} {
			m := repeat(n)
			p.send(text(m))
			p.expectText(m, "echo")
			p.send(frame(fin|opBinary, m))
			p.expectFrame(fin|opBinary, m, "echo")
		}
		p.sendSplit("\x81", "\x85\x37", "\xfa\x21\x3d\x7f", "\x9f\x4d\x51\x58")
		p.expectText("Hello", "RFC 6455 §5.7, in pieces")
		p.send(frame(opText, "Hel") + frame(fin|opPing, "?") + frame(0, "") + frame(fin, "lo"))
		p.expectFrame(fin|opPong, "?", "a ping between fragments")
		p.expectText("Hello", "fragments are one message")
		p.leave()
	})
}

// What a turn of the loop sends leaves together, and in order.
func TestWebSocketManyAtOnce(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo})
		p := s.dialWS()
		var send strings.Builder
		for i := range 1000 {
			send.WriteString(text(itoa(i)))
		}
		p.send(send.String())
		for i := range 1000 {
			p.expectText(itoa(i), "in order")
		}
		st := s.Stats()
		if st.WebSocket.MessagesIn != 1000 || st.WebSocket.MessagesOut != 1000 || st.WebSocket.Open != 1 {
			t.Errorf("the account is %+v, want 1000 messages each way", st.WebSocket)
		}
	})
}

// A message's views and copies say the same, wherever it lies.
func TestMessage(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		got := make(chan string, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) {
			var pieces []byte
			m.Views(func(p View) bool { pieces = append(pieces, p...); return true })
			whole := m.Append([]byte("x"))
			if n := len(pieces); n != m.Len() || string(whole) != "x"+string(pieces) || m.String() != string(pieces) || string(m.View()) != string(pieces) {
				t.Errorf("%v message of %d bytes: the views differ", m.Kind, m.Len())
			}
			for range m.Views {
				break // it may be left early
			}
			got <- m.Kind.String() + " " + m.String()
		}})
		p := s.dialWS()
		for _, tc := range []struct{ raw, want string }{
			{text("hello"), "text hello"},
			{frame(fin|opBinary, "\x00"), "binary \x00"},
			{text(""), "text "},
			{frame(opText, "he") + frame(fin, "llo"), "text hello"},
			{frame(opBinary, "") + frame(fin, ""), "binary "},
			{text(repeat(200_000)), "text " + repeat(200_000)},
		} {
			p.send(tc.raw)
			if m := <-got; m != tc.want {
				t.Errorf("got %.60q, want %.60q", m, tc.want)
			}
		}
	})
}

// What is cloned into a Segments, which need not be ready for it, outlives the callback, and can be sent later.
func TestMessageClone(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		var kept mem.Segments
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) {
			if m.Kind == TextMessage {
				m.Clone(&kept)
				return
			}
			_ = ws.SendSegments(BinaryMessage, &kept)
			kept = mem.Segments{} // it need not be
		}})
		p := s.dialWS()
		for _, messages := range [][]string{
			{"hello"}, {""}, {repeat(200_000)}, {"a", "b"}, {"a", repeat(70_000), "z"}, {repeat(70_000), "z", repeat(100_000)},
		} {
			for _, m := range messages {
				p.send(text(m))
				p.send(frame(opText, "") + frame(0, m) + frame(fin, "|"))
			}
			p.send(frame(fin|opBinary, "now"))
			want := ""
			for _, m := range messages {
				want += m + m + "|"
			}
			p.expectFrame(fin|opBinary, want, "all that was kept")
		}
	})
}

// OnOpen can send at once, and every callback comes in its turn.
func TestWebSocketCallbacks(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		calls := make(chan string, 10)
		s := wsServer(t, driver, &WebSocketConfig{
			OnOpen:    func(ws *WebSocket) { calls <- "open"; _ = ws.SendText("welcome"); _ = ws.Ping([]byte("p")) },
			OnMessage: func(ws *WebSocket, m Message) { calls <- "message " + m.String() },
			OnPong:    func(ws *WebSocket, p View) { calls <- "pong " + p.String() },
			OnClose:   func(ws *WebSocket, end *CloseError) { calls <- "close " + end.Reason },
		})
		p := &wsPeer{s.dial()}
		p.send(wsGet("/") + text("early"))
		p.expectSwitch()
		p.expectText("welcome", "sent by OnOpen, behind the 101")
		p.expectFrame(fin|opPing, "p", "sent by OnOpen")
		p.send(frame(fin|opPong, "p") + frame(fin|opClose, closing(4000, "bye")))
		p.expectClose(4000, "its own code comes back")
		for _, want := range []string{"open", "message early", "pong p", "close bye"} {
			select {
			case got := <-calls:
				if got != want {
					t.Errorf("call %q, want %q", got, want)
				}
			case <-time.After(patience):
				t.Fatalf("waited in vain for %q", want)
			}
		}
	})
}

// Post is the way in for other goroutines. After the end its functions run, and sending fails.
func TestWebSocketPost(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		opened, closed := make(chan *WebSocket, 1), make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{
			OnOpen:  func(ws *WebSocket) { ws.Value = "mine"; opened <- ws },
			OnClose: closed.onClose,
		})
		p := s.dialWS()
		ws := <-opened
		done := make(chan error, 1)
		send := func(ws *WebSocket) { done <- ws.SendText(ws.Value.(string)) }
		if !ws.Post(send) {
			t.Fatal("the loop runs, but takes no function")
		}
		p.expectText("mine", "sent from another goroutine")
		if err := <-done; err != nil {
			t.Error(err)
		}
		p.leave()
		closed.expect(t, CloseNormal, true, true, "")
		if !ws.Post(send) {
			t.Fatal("the loop runs, but takes no function")
		}
		if err := <-done; err != ErrConnClosed {
			t.Errorf("after the end sending gave %v, want ErrConnClosed", err)
		}
		_ = s.Close()
		if ws.Post(send) {
			t.Error("a loop that has ended took a function")
		}
	})
}

// A gone or closing WebSocket answers every method.
func TestWebSocketGone(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(chan *WebSocket, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnClose: func(ws *WebSocket, _ *CloseError) { closed <- ws }})
		s.dialWS().leave()
		ws := <-closed
		s.onLoop(func(*service) {
			for what, err := range map[string]error{
				"Send": ws.SendBinary(nil), "SendPrepared": ws.SendPrepared(Prepare(TextMessage, nil)),
				"Ping": ws.Ping(nil), "Close": ws.Close(CloseNormal, ""), "Echo": ws.Echo(Message{Kind: TextMessage}),
			} {
				if err != ErrConnClosed {
					t.Errorf("%s gave %v, want ErrConnClosed", what, err)
				}
			}
			if ws.Buffered() != 0 || ws.Congested() || ws.Open() || ws.RemoteAddr().IsValid() || ws.TLS() != nil {
				t.Error("a connection that is gone has properties")
			}
		})
	})
}
