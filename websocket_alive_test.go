package ringwire

import (
	"io"
	"strings"
	"testing"
	"time"
)

// quiet is longer than a busy machine keeps a peer that talks from being heard.
const quiet = 2 * time.Second

// A silent peer is asked, and given up when it does not answer.
func TestWebSocketPings(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnClose: closed.onClose, PingEvery: 30 * time.Millisecond, PongTimeout: quiet})
		p := s.dialWS()
		for i := range 70 { // more than MaxControl
			p.expectFrame(fin|opPing, "", "it is asked again and again")
			answer := fin | opPong
			if i%2 == 0 {
				answer = fin | opText // any sign of life will do
			}
			p.send(frame(byte(answer), ""))
		}
		p.expectFrame(fin|opPing, "", "")
		p.expectGone("no answer came")
		if end := closed.expect(t, CloseAbnormal, false, false, ""); end.Err != errSilent {
			t.Errorf("the reason is %v", end.Err)
		}
		st := s.Stats().WebSocket
		if st.PingTimeouts != 1 || st.Pings < 10 || st.Pongs < 5 || st.ClosedAbnormal != 1 {
			t.Errorf("the account is %+v", st)
		}
	})
}

// Who talks is not asked.
func TestWebSocketNoPings(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, PingEvery: quiet})
		p := s.dialWS()
		for begin := time.Now(); time.Since(begin) < quiet+quiet/4; time.Sleep(10 * time.Millisecond) {
			p.send(text("x"))
			p.expectText("x", "no ping is due")
		}
		s = wsServer(t, driver, &WebSocketConfig{PingEvery: -1, PongTimeout: -1, MessageTimeout: -1, CloseTimeout: -1})
		p = s.dialWS()
		p.send("\x81")
		p.expectSilence(50*time.Millisecond, "nothing is timed")
	})
}

// A message that comes drop by drop is not waited for, wherever it stands.
func TestWebSocketSlowMessage(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, OnClose: closed.onClose, MessageTimeout: 150 * time.Millisecond})
		for where, raw := range map[string]string{
			"a header": "\x81\xfe\x10", "a payload": text(repeat(1000))[:500], "fragments": frame(opText, "x"), "a ping": frame(fin|opPing, repeat(100))[:50],
		} {
			p := s.dialWS()
			p.send(text("first"))
			p.expectText("first", "")
			p.send(raw[:1])
			go func() {
				for i := range len(raw) - 1 {
					time.Sleep(time.Millisecond)
					if _, err := io.WriteString(p.Conn, raw[1+i:2+i]); err != nil {
						return
					}
				}
			}()
			p.expectClose(ClosePolicyViolation, where)
			if end := closed.expect(t, ClosePolicyViolation, false, false, where); end.Err != errSlowMessage {
				t.Errorf("%s: the reason is %v", where, end.Err)
			}
		}
	})
}

// Each message has as long as any other, and each control frame.
func TestWebSocketManyMessages(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, MessageTimeout: quiet})
		talker, pinger := s.dialWS(), s.dialWS()
		ping := frame(fin|opPing, "here")
		pinger.send(ping[:4])
		for begin := time.Now(); time.Since(begin) < quiet+quiet/4; time.Sleep(50 * time.Millisecond) {
			talker.sendSplit(text("hello")[:4], text("hello")[4:])
			talker.expectText("hello", "each message has its own time")
			pinger.send(ping[4:] + ping[:4]) // some part of a frame is there at any time
			pinger.expectFrame(fin|opPong, "here", "each ping has its own time")
		}
	})
}

// While the peer does not take what it is sent, its messages are not taken either, and
// OnDrain says when it goes on.
func TestWebSocketBackpressure(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		drained := make(chan int, 1000)
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, OnDrain: func(ws *WebSocket) { drained <- ws.Buffered() }})
		p := s.dialWS()
		m := repeat(100_000)
		const n = 150
		p.pour(text(m), n)
		after := s.stalled()
		if got := after.WebSocket.MessagesIn; got < 3 || got > n-20 {
			t.Errorf("%d messages were taken of a peer that does not read", got)
		}
		if after.Leased > 64 {
			t.Errorf("%d buffers are held for a peer that does not read", after.Leased)
		}
		for range n {
			p.expectText(m, "nothing is lost")
		}
		select {
		case left := <-drained:
			if left > 128<<10 {
				t.Errorf("OnDrain was called with %d bytes to send", left)
			}
		case <-time.After(patience):
			t.Error("OnDrain was not called")
		}
		p.leave()
	})
}

// stalled waits until messages have come, and come no more.
func (s *testServer) stalled() Stats {
	s.t.Helper()
	var before Stats
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		st := s.Stats()
		if n := st.WebSocket.MessagesIn; n > 0 && n == before.WebSocket.MessagesIn {
			return st
		}
		before = st
	}
	s.t.Fatal("messages are taken on and on")
	return before
}

// A peer that never reads does not make memory grow: sending fails.
func TestWebSocketBufferFull(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		full := make(chan int, 1)
		sendAll := func(ws *WebSocket) {
			m := make([]byte, 50_000)
			for n := 0; ; n++ {
				if err := ws.SendBinary(m); err != nil {
					if err != ErrBufferFull {
						t.Errorf("sending failed with %v", err)
					}
					full <- ws.Buffered()
					return
				}
			}
		}
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnOpen: sendAll, OnDrain: func(ws *WebSocket) { _ = ws.Close(CloseTryAgainLater, "too slow") }, OnClose: closed.onClose, MaxBuffered: 600_000})
		p := s.dialWS()
		if n := <-full; n < 600_000 || n > 660_000 {
			t.Errorf("%d bytes were buffered, want MaxBuffered and one message at most", n)
		}
		p.answerClose(CloseTryAgainLater, "OnDrain follows when the peer reads")
		closed.expect(t, CloseTryAgainLater, false, true, "")
		if st := s.Stats().WebSocket; st.Full != 1 || st.ClosedInternal != 1 {
			t.Errorf("the account is %+v", st)
		}
	})
}

// The limits hold, each with its code.
func TestWebSocketLimits(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: echo, OnClose: closed.onClose, MaxMessage: 1000, MaxFrame: 600, MaxFragments: 10, MaxControl: 20})
		for _, tc := range []struct {
			code     int
			raw, why string
		}{
			{CloseMessageTooBig, frame(fin|opBinary, repeat(601)), "a frame"},
			{CloseMessageTooBig, frame(opBinary, repeat(600)) + frame(fin, repeat(401)), "a message"},
			{ClosePolicyViolation, frame(opBinary, "") + strings.Repeat(frame(0, ""), 100), "fragments of nothing"},
			{ClosePolicyViolation, strings.Repeat(frame(fin|opPing, ""), 10_000), "a flood of pings"},
			{ClosePolicyViolation, strings.Repeat(frame(fin|opPong, ""), 10_000), "a flood of pongs"},
		} {
			p := s.dialWS()
			p.send(frame(opBinary, repeat(600)) + frame(fin, repeat(400)) + strings.Repeat(frame(fin|opPing, "x"), 15))
			p.expectFrame(fin|opBinary, repeat(600)+repeat(400), "at the limit")
			p.pour(tc.raw, 1)
			p.expectClose(tc.code, tc.why)
			closed.expect(t, tc.code, false, false, tc.why)
		}
	})
}
