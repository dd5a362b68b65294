package ringwire

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/proto/ws"
)

// The peer closes: its code comes back, and the server ends the connection.
func TestWebSocketPeerCloses(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnClose: closed.onClose})
		for _, tc := range []struct {
			payload string
			code    int
			reason  string
		}{
			{"", CloseNoStatus, ""},
			{closing(1000, ""), CloseNormal, ""},
			{closing(4321, "enough"), 4321, "enough"},
		} {
			p := s.dialWS()
			p.send(frame(fin|opClose, tc.payload))
			p.expectClose(tc.code, "it is answered with the same code")
			if end := closed.expect(t, tc.code, true, true, ""); end.Reason != tc.reason || end.Err != nil {
				t.Errorf("ended with %+v", end)
			}
		}
	})
}

// This side closes: the peer's answer is awaited, and what comes before it is dropped.
func TestWebSocketCloses(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		messages := 0
		s := wsServer(t, driver, &WebSocketConfig{
			OnMessage: func(ws *WebSocket, m Message) {
				messages++
				for what, err := range map[string]error{
					"code 1005 with a reason": ws.Close(CloseNoStatus, "why"), "code 1006": ws.Close(CloseAbnormal, ""),
					"code 999": ws.Close(999, ""), "code -1": ws.Close(-1, ""), "code 66536": ws.Close(66536, ""),
					"a long reason": ws.Close(CloseNormal, strings.Repeat("x", 124)), "a bad reason": ws.Close(CloseNormal, "\xff"),
				} {
					if err == nil {
						t.Errorf("%s was sent", what)
					}
				}
				if err := errors.Join(ws.SendText("last"), ws.Close(4000, "done")); err != nil {
					t.Error(err)
				}
				if err := ws.SendText("more"); err != ErrConnClosed {
					t.Errorf("after Close sending gave %v", err)
				}
			},
			OnClose: closed.onClose,
		})
		p := s.dialWS()
		p.send(text("close") + text("dropped"))
		p.expectText("last", "what was written goes out")
		p.expectFrame(fin|opClose, closing(4000, "done"), "")
		p.send(text("dropped, too") + frame(fin|opPing, "?"))
		p.expectSilence(20*time.Millisecond, "after a Close nothing is sent, not even a pong (RFC 6455 §5.5.1)")
		p.send(frame(fin|opClose, closing(4000, "")))
		p.expectEnd("the server closes first")
		closed.expect(t, 4000, false, true, "")
		if messages != 1 {
			t.Errorf("%d messages were handed out, want those before Close only", messages)
		}
	})
}

// A peer that does not answer the Close is not waited for.
func TestWebSocketCloseTimeout(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{
			OnOpen: func(ws *WebSocket) { _ = ws.Close(CloseNormal, "") }, OnClose: closed.onClose,
			CloseTimeout: 50 * time.Millisecond,
		})
		for _, late := range []string{"", text("hello")[:8]} { // a message that begins does not gain time
			p := s.dialWS()
			p.expectFrame(fin|opClose, closing(1000, ""), "")
			p.send(late)
			p.expectGone("no answer came")
			if end := closed.expect(t, CloseNormal, false, false, ""); end.Err != errNoClose {
				t.Errorf("the reason is %v", end.Err)
			}
		}
	})
}

// A connection that ends without a Close has ended abnormally.
func TestWebSocketCut(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnClose: closed.onClose, OnMessage: echo})
		for _, last := range []string{"", "\x81", text("hello")[:8], frame(opText, "x"), text("whole")} {
			p := s.dialWS()
			p.send(last)
			p.finish()
			if last == text("whole") {
				p.expectText("whole", "what came before the end counts")
			}
			p.expectEnd("")
			if end := closed.expect(t, CloseAbnormal, false, false, "FIN"); !errors.Is(end, ws.ErrNoClose) {
				t.Errorf("the reason is %v", end.Err)
			}
		}
		p := s.dialWS()
		p.send(text("x"))
		p.expectText("x", "")
		p.reset()
		if end := closed.expect(t, CloseAbnormal, false, false, "RST"); end.Err == nil {
			t.Error("a reset has no reason")
		}
		p = s.dialWS()
		p.send(frame(fin|opClose, closing(1000, "")))
		p.finish()
		closed.expect(t, CloseNormal, true, true, "a FIN behind the Close")
	})
}

// violation is what a client must not send, and the code that it is told.
type violation struct {
	code     int
	raw, why string
}

// wsViolations are those without compression.
var wsViolations = []violation{
	{1002, served(fin|opText, "x"), "not masked"},
	{1002, frame(fin|deflate|opText, "x"), "RSV1 without an extension"},
	{1002, frame(fin|3, "x"), "opcode 3"},
	{1002, frame(fin, "x"), "a continuation of nothing"},
	{1002, frame(opText, "x") + text("y"), "a message inside of another"},
	{1002, frame(opPing, ""), "a ping in fragments"},
	{1002, frame(fin|opPing, repeat(126)), "a long ping"},
	{1002, frame(fin|opClose, "\x03"), "a Close of one byte"},
	{1002, frame(fin|opClose, closing(1005, "")), "a code that must not be sent"},
	{1002, "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00mask", "a length of 64 bits"},
	{1007, text("\xff"), "no UTF-8"},
	{1007, frame(opText, "\xce\xba") + frame(0, "\xed\xa0")[:8], "no UTF-8, before the frame has ended"},
	{1007, frame(fin|opClose, closing(1000, "\xff")), "a reason that is not UTF-8"},
	{1009, "\x82\xff\x00\x00\x00\x00\x00\x10\x00\x01mask", "a message of 1 MiB and one byte, at once"},
}

// Who breaks a rule is told with the right code.
func TestWebSocketViolations(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, OnClose: closed.onClose})
		for _, tc := range wsViolations {
			p := s.dialWS()
			p.send(text("first") + tc.raw)
			p.expectText("first", "what came before counts")
			p.expectClose(tc.code, tc.why)
			if end := closed.expect(t, tc.code, false, false, tc.why); end.Reason == "" || end.Err == nil {
				t.Errorf("%s: no reason is given: %+v", tc.why, end)
			}
		}
	})
}

// Shutdown says goodbye to everybody, and waits for the answers.
func TestWebSocketShutdown(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 2)
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, OnClose: closed.onClose})
		a, b := s.dialWS(), s.dialWS()
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(context.Background()) }()
		for _, p := range []*wsPeer{a, b} {
			p.expectFrame(fin|opClose, closing(1001, ""), "the server goes away")
			p.send(frame(fin|opClose, closing(1001, "")))
			p.expectEnd("")
			closed.expect(t, CloseGoingAway, false, true, "")
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A panic in a callback closes its connection and no other, and is logged.
func TestWebSocketPanics(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		boom := func(ws *WebSocket, what string) {
			if ws.Value == what {
				panic("boom in " + what)
			}
		}
		cfg := &WebSocketConfig{
			OnOpen: func(ws *WebSocket) { boom(ws, "open") },
			OnMessage: func(ws *WebSocket, m Message) {
				boom(ws, "message")
				_ = ws.SendBinary(make([]byte, 1<<19)) // for OnDrain
				if m.String() == "abort" {
					panic(ErrAbortHandler)
				}
			},
			OnPong:  func(ws *WebSocket, _ View) { boom(ws, "pong") },
			OnDrain: func(ws *WebSocket) { boom(ws, "drain") },
			OnClose: func(ws *WebSocket, end *CloseError) { closed <- end; boom(ws, "close") },
		}
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if ws, err := Upgrade(w, r, cfg); err == nil {
				ws.Value = r.Path()[1:]
			}
		})
		for _, what := range []string{"open", "message", "pong", "drain"} {
			p := &wsPeer{s.dial()}
			p.send(wsGet("/" + what))
			p.expectSwitch()
			p.send(frame(fin|opPong, "") + text("x"))
			p.expectClose(CloseInternalError, "a panic in "+what)
			closed.expect(t, CloseInternalError, false, false, what)
			if !strings.Contains(s.log.String(), "boom in "+what) {
				t.Errorf("the panic in %s is not logged", what)
			}
		}
		p := &wsPeer{s.dial()}
		p.send(wsGet("/close") + frame(fin|opClose, closing(1000, "")))
		p.expectSwitch()
		p.expectClose(CloseNormal, "")
		closed.expect(t, CloseNormal, true, true, "")
		p = &wsPeer{s.dial()}
		p.send(wsGet("/abort"))
		p.expectSwitch()
		p.send(text("abort"))
		p.expectGone("ErrAbortHandler closes at once")
		closed.expect(t, CloseAbnormal, false, false, "")
		s.dial().get("/") // it serves on
	})
}

// A CloseError reads well, and leads to its cause.
func TestCloseError(t *testing.T) {
	for _, tc := range []struct {
		end  CloseError
		want string
	}{
		{CloseError{Code: 1000}, "ringwire: websocket closed with 1000"},
		{CloseError{Code: 4000, Reason: "a\nb", Remote: true}, `ringwire: websocket closed by the peer with 4000 "a\nb"`},
		{CloseError{Code: 1006, Err: ws.ErrNoClose}, "ringwire: websocket closed with 1006: " + ws.ErrNoClose.Error()},
	} {
		if got := tc.end.Error(); got != tc.want || tc.end.Err != nil && !errors.Is(&tc.end, tc.end.Err) {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
