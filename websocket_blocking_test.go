package ringwire

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// wsBlocking serves WebSockets by a function that may wait.
func wsBlocking(t testing.TB, driver string, cfg *WebSocketConfig, serve func(ws *BlockingWebSocket)) *testServer {
	t.Helper()
	return start(t, driver, func(w *ResponseWriter, r *Request) { _ = UpgradeBlocking(w, r, cfg, serve) })
}

// echoBlocking echoes until the connection ends.
func echoBlocking(ws *BlockingWebSocket) {
	var buf []byte
	for {
		kind, p, err := ws.Read(context.Background(), buf[:0])
		if err != nil {
			return
		}
		if ws.Write(context.Background(), kind, p) != nil {
			return
		}
		buf = p
	}
}

// A goroutine reads and writes in order, messages of any size and many at once.
func TestWebSocketBlocking(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsBlocking(t, driver, nil, echoBlocking)
		p := s.dialWS()
		for _, n := range []int{0, 1, 2000, 3000, 100_000, 1 << 20} {
			p.send(frame(fin|opBinary, repeat(n)))
			p.expectFrame(fin|opBinary, repeat(n), "")
		}
		const n = 5000
		var raw strings.Builder
		for i := range n {
			raw.WriteString(text(itoa(i)))
		}
		p.pour(raw.String(), 1)
		for i := range n {
			p.expectText(itoa(i), "in order")
		}
		p.leave()
	})
}

// The callbacks of the config are for those who have no goroutine.
func TestWebSocketBlockingCallbacks(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		wrong := func(what string) { t.Errorf("%s was called", what) }
		s := wsBlocking(t, driver, &WebSocketConfig{
			OnOpen:    func(*WebSocket) { wrong("OnOpen") },
			OnMessage: func(*WebSocket, Message) { wrong("OnMessage") },
			OnPong:    func(*WebSocket, View) { wrong("OnPong") },
			OnDrain:   func(*WebSocket) { wrong("OnDrain") },
			OnClose:   func(*WebSocket, *CloseError) { wrong("OnClose") },
		}, echoBlocking)
		p := s.dialWS()
		p.send(frame(fin|opPong, "") + frame(fin|opBinary, repeat(1<<20)))
		p.expectFrame(fin|opBinary, repeat(1<<20), "so large that there is something to drain")
		p.leave()
	})
}

// What was written before Read is called again goes out before the answer to a Close, and so it does where the loop
// sees the Close first.
func TestWebSocketBlockingWrittenFirst(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for _, last := range []struct {
			raw  string
			code int
		}{{frame(fin|opClose, closing(1000, "")), 1000}, {frame(fin|3, ""), 1002}} {
			opened := make(chan *BlockingWebSocket, 1)
			s := wsBlocking(t, driver, nil, func(ws *BlockingWebSocket) { opened <- ws; echoBlocking(ws) })
			p, b := s.dialWS(), <-opened
			s.onLoop(func(*service) { // so that RunTask waits
				b.ws.OnData(b.ws.conn, []byte(text("hello")))
				for written := false; !written; time.Sleep(100 * time.Microsecond) {
					b.mu.Lock()
					written = b.out.len() == 1 && !b.owed
					b.mu.Unlock()
				}
				b.ws.OnData(b.ws.conn, []byte(last.raw))
			})
			p.expectText("hello", "it was written before the end began")
			p.expectClose(last.code, "")
		}
	})
}

// What waits is bounded on the way in and on the way out, and nothing is lost.
func TestWebSocketBlockingBackpressure(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		goOn := make(chan struct{})
		s := wsBlocking(t, driver, nil, func(ws *BlockingWebSocket) { <-goOn; echoBlocking(ws) })
		p := s.dialWS()
		m := repeat(50_000)
		const n = 300
		p.pour(text(m), n)
		s.eventually("the reader is behind", func(svc *service) bool { return svc.ws.stats.MessagesIn >= feedHigh/50_000 })
		time.Sleep(30 * time.Millisecond)
		if got := s.Stats().WebSocket.MessagesIn; got > feedHigh/50_000+1 {
			t.Errorf("%d messages were taken for a goroutine that reads none", got)
		}
		close(goOn)
		s.eventually("the peer does not read", func(svc *service) bool { return svc.ws.stats.MessagesOut > 3 })
		time.Sleep(50 * time.Millisecond)
		if leased := s.Stats().Leased; leased > 128 {
			t.Errorf("%d buffers are held", leased)
		}
		for range n {
			p.expectText(m, "")
		}
		p.leave()
	})
}

// Ends of every kind reach who waits.
func TestWebSocketBlockingEnds(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		type result struct{ err, after error }
		results := make(chan result, 1)
		s := wsBlocking(t, driver, nil, func(ws *BlockingWebSocket) {
			_, _, err := ws.Read(context.Background(), nil)
			if err == nil { // the message is there although the end may be, too
				_, _, err = ws.Read(context.Background(), nil)
			}
			results <- result{err, ws.Write(context.Background(), TextMessage, []byte("x"))}
		})
		for _, tc := range []struct {
			code   int
			act    func(p *wsPeer)
			remote bool
		}{
			{4000, func(p *wsPeer) { p.send(text("m") + frame(fin|opClose, closing(4000, "why"))) }, true},
			{CloseAbnormal, func(p *wsPeer) { p.send(text("m")); p.reset() }, false},
			{CloseProtocolError, func(p *wsPeer) { p.send(served(fin|opText, "")); _, _ = io.ReadAll(p.r); _ = p.Close() }, false},
		} {
			p := s.dialWS()
			tc.act(p)
			select {
			case r := <-results:
				end, ok := as[*CloseError](r.err)
				if !ok || end.Code != tc.code || end.Remote != tc.remote {
					t.Errorf("Read failed with %v, want code %d", r.err, tc.code)
				}
				if r.after != r.err {
					t.Errorf("Write then failed with %v", r.after)
				}
			case <-time.After(patience):
				t.Fatal("Read waits in vain")
			}
		}
	})
}

// A context ends waiting, and nothing is lost by it.
func TestWebSocketBlockingContext(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		checked := make(chan struct{})
		s := wsBlocking(t, driver, nil, func(ws *BlockingWebSocket) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			defer cancel()
			if _, _, err := ws.Read(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Read failed with %v", err)
			}
			var err error
			for range 1000 { // until the peer, which does not read, holds it up
				if err = ws.Write(ctx, BinaryMessage, make([]byte, 100_000)); err != nil {
					break
				}
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Write failed with %v", err)
			}
			close(checked)
			kind, p, err := ws.Read(context.Background(), []byte(">"))
			if kind != TextMessage || string(p) != ">hello" || err != nil {
				t.Errorf("read %v %q, %v", kind, p, err)
			}
			if err := ws.Write(context.Background(), 9, nil); err == nil {
				t.Error("a message of no kind was sent")
			}
		})
		p := s.dialWS()
		<-checked
		p.send(text("hello"))
		p.answerClose(CloseNormal, "serve's return closes, behind all that was written")
	})
}

// Close waits for the end, and serve may be in the middle of things when it panics.
func TestWebSocketBlockingClose(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		done := make(chan struct{}, 1)
		s := wsBlocking(t, driver, &WebSocketConfig{Subprotocols: []string{"close", "panic"}}, func(ws *BlockingWebSocket) {
			if !ws.RemoteAddr().IsValid() {
				t.Error("the peer has no address")
			}
			_ = ws.Write(context.Background(), TextMessage, []byte("last"))
			if ws.Subprotocol() == "panic" {
				panic("boom in serve")
			}
			for _, bad := range []struct {
				code   int
				reason string
			}{{1006, ""}, {0, ""}, {-1, ""}, {1005, "x"}, {1000, "\xff"}, {1000, strings.Repeat("x", 124)}} {
				if ws.Close(bad.code, bad.reason) == nil {
					t.Errorf("%+v was sent", bad)
				}
			}
			var both sync.WaitGroup
			both.Go(func() { _ = ws.Close(4001, "bye") })
			both.Go(func() { _ = ws.Close(4001, "bye") })
			both.Wait()
			if _, _, err := ws.Read(context.Background(), nil); err == nil {
				t.Error("after Close a message was read")
			}
			done <- struct{}{}
		})
		p := s.dialWS("Sec-WebSocket-Protocol: close")
		p.expectText("last", "")
		p.expectFrame(fin|opClose, closing(4001, "bye"), "")
		select {
		case <-done:
			t.Error("Close did not wait for the peer")
		case <-time.After(20 * time.Millisecond):
		}
		p.send(frame(fin|opClose, closing(4001, "")))
		p.expectEnd("")
		<-done
		p = s.dialWS("Sec-WebSocket-Protocol: panic")
		p.expectText("last", "what was written goes out")
		p.answerClose(CloseInternalError, "serve panicked")
		if !strings.Contains(s.log.String(), "boom in serve") {
			t.Error("the panic is not logged")
		}
	})
}

// The server's end ends who waits, also when that takes its time to notice.
func TestWebSocketBlockingServerEnds(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		returned := make(chan error, 1)
		s := wsBlocking(t, driver, nil, func(ws *BlockingWebSocket) {
			_, _, err := ws.Read(context.Background(), nil)
			time.Sleep(30 * time.Millisecond)
			returned <- err
		})
		p := s.dialWS()
		p.send(frame(opText, "half"))
		time.Sleep(5 * time.Millisecond)
		_ = s.Close()
		if _, ok := as[*CloseError](<-returned); !ok {
			t.Error("Read did not fail with a CloseError")
		}
	})
}

// What came before a peer's Close, or before what breaks the protocol, is answered, though it shares a read with it.
func TestWebSocketBlockingAnswersFirst(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		const n = 40
		first := ""
		for i := range n {
			first += text(itoa(i))
		}
		errs := make(chan error, 1)
		s := wsBlocking(t, driver, nil, func(ws *BlockingWebSocket) {
			for {
				kind, m, err := ws.Read(context.Background(), nil)
				if err != nil {
					errs <- err
					return
				}
				time.Sleep(time.Millisecond) // the loop is long through
				if err := ws.Write(context.Background(), kind, m); err != nil {
					t.Errorf("answering %s failed with %v", m, err)
				}
			}
		})
		for _, tc := range []struct {
			what, last string
			eof        bool
			code       int
		}{
			{"a Close", frame(fin|opClose, closing(4000, "enough")), false, 4000},
			{"a Close, and no more", frame(fin|opClose, closing(4000, "enough")), true, 4000},
			{"a reserved opcode", frame(fin|3, ""), false, CloseProtocolError},
			{"no mask", served(fin|opText, "x") + text("not looked at"), false, CloseProtocolError},
			{"not UTF-8", text("\xff"), false, CloseInvalidPayload},
		} {
			p := s.dialWS()
			p.send(first + tc.last)
			if tc.eof {
				p.finish()
			}
			for i := range n {
				p.expectText(itoa(i), "it came before "+tc.what)
			}
			p.expectClose(tc.code, tc.what)
			if end, ok := as[*CloseError](<-errs); !ok || end.Code != tc.code || end.Remote != (tc.code == 4000) {
				t.Errorf("%s: Read failed with %v", tc.what, end)
			}
		}
	})
}

// Who does not come for more keeps no peer waiting beyond CloseTimeout after its last message, and not at all when
// that has passed.
func TestWebSocketBlockingEndsUnread(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		const patient = 300 * time.Millisecond
		goOn := make(chan bool)
		s := wsBlocking(t, driver, &WebSocketConfig{CloseTimeout: patient}, func(ws *BlockingWebSocket) {
			answerOne(ws)
			<-goOn
		})
		p := s.dialWS()
		p.expectAnswer()
		began := time.Now()
		p.send(text("unread") + frame(fin|opClose, closing(4000, "")))
		p.expectClose(4000, "the goroutine had its time")
		if took := time.Since(began); took < patient-20*time.Millisecond {
			t.Errorf("the goroutine had %v", took)
		}
		goOn <- true
		took := patient
		for tries := 0; tries < 5 && took > patient-50*time.Millisecond; tries++ { // the machine may be busy
			p = s.dialWS()
			p.expectAnswer()
			time.Sleep(patient + 50*time.Millisecond)
			began = time.Now()
			p.send(frame(fin|opClose, closing(4000, "")))
			p.expectClose(4000, "a message long ago is no reason to wait")
			took = min(took, time.Since(began))
			goOn <- true
		}
		if took > patient-50*time.Millisecond && !raceEnabled {
			t.Errorf("it took %v", took)
		}
	})
}

// What the application does ends a peer's wait, too.
func TestWebSocketBlockingEndsItself(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		come, goOn := make(chan bool), make(chan string)
		s := wsBlocking(t, driver, &WebSocketConfig{CloseTimeout: time.Minute}, func(ws *BlockingWebSocket) {
			answerOne(ws)
			awaitHeld(t, ws)
			come <- true
			switch <-goOn {
			case "close":
				_ = ws.Close(CloseNormal, "")
			case "post":
				ws.Post(func(ws *WebSocket) { _ = ws.Close(CloseNormal, "") })
				<-goOn
			}
		})
		for _, how := range []string{"return", "close", "post"} {
			p := s.dialWS()
			p.expectAnswer()
			p.send(frame(fin|opClose, closing(4000, "")))
			<-come
			p.expectSilence(20*time.Millisecond, "m might be answered")
			goOn <- how
			p.expectClose(4000, how)
			if how == "post" {
				goOn <- "return"
			}
		}
	})
}

// answerOne answers one message.
func answerOne(ws *BlockingWebSocket) {
	kind, m, _ := ws.Read(context.Background(), nil)
	_ = ws.Write(context.Background(), kind, m)
}

// expectAnswer sends a message and awaits its answer.
func (p *wsPeer) expectAnswer() {
	p.t.Helper()
	p.send(text("m"))
	p.expectText("m", "it is answered")
}

// awaitHeld waits until a peer's Close has come, and waits for the goroutine.
func awaitHeld(t *testing.T, ws *BlockingWebSocket) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		ws.mu.Lock()
		held := ws.held
		ws.mu.Unlock()
		if held {
			return
		}
	}
	t.Error("the peer's Close has not come")
}

// By way of Post a goroutine's WebSocket is subscribed to a Topic.
func TestWebSocketBlockingTopic(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{})
		left := make(chan *BlockingWebSocket, 1)
		s := wsBlocking(t, driver, nil, func(ws *BlockingWebSocket) {
			joined := make(chan error, 1)
			if !ws.Post(func(ws *WebSocket) { joined <- topic.Subscribe(ws) }) {
				t.Error("the loop is said to have ended")
			}
			if err := <-joined; err != nil {
				t.Error(err)
			}
			echoBlocking(ws)
			left <- ws
		})
		p := s.dialWS()
		await(t, topic, "a subscriber", func(st TopicStats) bool { return st.Subscribers == 1 })
		publish(t, topic, "", "published")
		p.expectText("published", "it is subscribed")
		p.send(text("mine"))
		p.expectText("mine", "it is still the goroutine's")
		p.send(frame(fin|opClose, ""))
		p.expectClose(CloseNoStatus, "")
		ws, gone := <-left, make(chan bool)
		ws.Post(func(ws *WebSocket) { gone <- topic.Subscribe(ws) == ErrConnClosed && !ws.Open() })
		if !<-gone {
			t.Error("f does not find it closed")
		}
		await(t, topic, "nobody", func(st TopicStats) bool { return st.Subscribers == 0 })
	})
}
