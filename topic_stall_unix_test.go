//go:build unix

package ringwire

import (
	"bufio"
	"context"
	"net"
	"runtime"
	"syscall"
	"testing"
)

// A thousand subscribers stop reading. What they hold is what the limits say, from the first of them to the last tick, and
// those who read get every tick.
func TestTopicStalled(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		stalled, ticks := 1000, 100
		if testing.Short() || raceEnabled {
			stalled, ticks = 100, 50
		}
		const limit, size = 8, 4 << 10
		topic := testTopic(t, TopicConfig{Policy: DropOldest, MaxMessages: limit})
		s := narrowServer(t, driver, topic)
		stallers := make([]*peer, stalled)
		for i := range stallers {
			stallers[i] = dialNarrow(t, s.addr)
			stallers[i].send(wsGet("/ws"))
		}
		live := make([]*wsPeer, 10)
		for i := range live {
			live[i] = &wsPeer{dialPeer(t, "tcp", s.addr)}
			live[i].send(wsGet("/ws"))
			live[i].expectSwitch()
		}
		await(t, topic, "all have joined", func(st TopicStats) bool { return st.Subscribers == stalled+len(live) })

		n := 0
		tick := func() {
			publish(t, topic, "", numbered(n, size))
			for _, p := range live {
				p.expectText(numbered(n, size), "others do not matter")
			}
			n++
		}
		for full := stalled * limit; topic.Stats().QueuedMessages < full; {
			if tick(); n > 1000 {
				t.Fatalf("the system takes everything: %+v", topic.Stats())
			}
		}
		heap := heapInUse()
		for range ticks {
			tick()
			holdings := topic.Stats()
			if holdings.QueuedMessages > stalled*limit || holdings.QueuedBytes > stalled*limit*(size+4) {
				t.Fatalf("the account is %+v, more than %d messages wait for each of %d", holdings, limit, stalled)
			}
		}
		await(t, topic, "all is dealt with", func(st TopicStats) bool {
			return st.Delivered+uint64(st.QueuedMessages)+st.DroppedOldest == st.Published*uint64(st.Subscribers)
		})
		s.onLoops(func(svc *service) { checkHoldings(t, topic, svc, limit, topicAhead+size+4) })
		if grown := heapInUse() - heap; grown > 1<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
		for _, p := range append(stallers, live[0].peer) {
			p.reset()
		}
		await(t, topic, "nothing waits for who is gone", func(st TopicStats) bool { return st.Behind == 0 && st.QueuedBytes == 0 })
	})
}

// checkHoldings looks at what a loop's subscribers hold, now and one by one.
func checkHoldings(t *testing.T, topic *Topic, svc *service, messages, output int) {
	topic.mu.Lock()
	defer topic.mu.Unlock()
	for _, l := range topic.loops {
		if l.host != &svc.ws {
			continue
		}
		for i := range l.subs {
			sub := &l.subs[i]
			if n := sub.ws.Buffered(); n > output {
				t.Errorf("a subscriber has %d bytes of output, want %d at most", n, output)
			}
			if sub.queue != nil && sub.queue.n > messages {
				t.Errorf("%d messages wait for a subscriber, want %d at most", sub.queue.n, messages)
			}
		}
	}
}

func heapInUse() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// narrowServer has small send buffers: on the loopback interface the system would give each connection megabytes.
func narrowServer(t *testing.T, driver string, topic *Topic) *testServer {
	t.Helper()
	cfg := &WebSocketConfig{OnOpen: func(ws *WebSocket) {
		if err := topic.Subscribe(ws); err != nil {
			t.Error(err)
		}
	}}
	s := &testServer{t: t, log: new(logBuffer), ret: make(chan error, 1)}
	s.Server = &Server{Config: testConfig(driver), Handler: HandlerFunc(func(w *ResponseWriter, r *Request) { _, _ = Upgrade(w, r, cfg) })}
	s.Loops = 2
	listen := net.ListenConfig{Control: buffer(syscall.SO_SNDBUF)}
	ln, err := listen.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	go func() { s.ret <- s.Serve(ln) }()
	t.Cleanup(s.stopAndCheck)
	return s
}

// dialNarrow connects with a small receive buffer, so that who does not read is soon sent no more.
func dialNarrow(t testing.TB, addr string) *peer {
	t.Helper()
	c, err := (&net.Dialer{Timeout: patience, Control: buffer(syscall.SO_RCVBUF)}).Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &peer{t, c, bufio.NewReader(c)}
}

// buffer makes one of a socket's buffers small before it is used.
func buffer(option int) func(_, _ string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, option, 16<<10) }); e != nil {
			return e
		}
		return err
	}
}
