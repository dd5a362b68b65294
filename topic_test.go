package ringwire

import (
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
)

// Everybody gets everything, in order, whatever it is.
func TestTopic(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{})
		s := topicServer(t, driver, topic, &WebSocketConfig{}, func(s *Server) { s.Loops = 3 })
		publish(t, topic, "", "too early")
		peers := join(s, topic, 20)
		sizes := []int{2, 125, 126, 600, 65535, 65536, 200_000}
		for i, n := range sizes {
			publish(t, topic, "", numbered(i, n))
			if err := topic.Publish(BinaryMessage, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range peers {
			for i, n := range sizes {
				p.expectText(numbered(i, n), "in order")
				p.expectFrame(fin|opBinary, "", "in order")
			}
		}
		want := TopicStats{Subscribers: 20, Published: 15, Delivered: 280}
		if st := settled20(t, topic); st != want {
			t.Errorf("the account is %+v, want %+v", st, want)
		}
		if st := s.Stats().WebSocket; st.Subscriptions != 20 || st.MessagesOut != 280 || st.Behind != 0 {
			t.Errorf("the server's account is %+v", st)
		}
		for _, p := range peers {
			p.leave()
		}
		await(t, topic, "who closes is not subscribed", func(st TopicStats) bool { return st.Subscribers == 0 })
		publish(t, topic, "", "nobody")
	})
}

// settled20 is the account once 20 subscribers have all that TestTopic publishes.
func settled20(t *testing.T, topic *Topic) TopicStats {
	return await(t, topic, "all are served", func(st TopicStats) bool { return st.Delivered == 280 && st.Behind == 0 })
}

// A frame is the same memory for all; each loop counts for itself.
func TestTopicCompressed(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{})
		s := topicServer(t, driver, topic, &WebSocketConfig{Compression: &WebSocketCompression{Threshold: 100}})
		plain := join(s, topic, 2)
		small := join(s, topic, 2, "Sec-WebSocket-Extensions: permessage-deflate")
		narrow := join(s, topic, 2, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9")
		for _, m := range []string{repeat(99), repeat(100), repeat(50_000)} {
			publish(t, topic, "", m)
			for _, p := range append(plain, narrow...) {
				p.expectText(m, "who takes no such compression gets it as it is")
			}
			for _, p := range small {
				f, err := p.readFrame()
				if deflated := len(m) >= 100; err != nil || (f.first == fin|deflate|opText) != deflated || (len(f.payload) < len(m)) != deflated {
					t.Fatalf("got a frame %#x of %d bytes for a message of %d, %v", f.first, len(f.payload), len(m), err)
				}
				if f.first&deflate != 0 && inflated(t, f.payload) != m {
					t.Fatal("it inflates to something else")
				}
			}
		}
		publish(t, topic, "", "short")
		small[0].expectText("short", "not worth it")
		random := noise(1000)
		if err := topic.Publish(BinaryMessage, []byte(random)); err != nil {
			t.Fatal(err)
		}
		small[0].expectFrame(fin|opBinary, random, "compressed it would be larger")
	})
}

// Subscribe and Unsubscribe take effect between two messages, and may be called as often as one likes.
func TestTopicSubscribe(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic, other := testTopic(t, TopicConfig{}), testTopic(t, TopicConfig{})
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) {
			publish(t, topic, "", "before "+m.String())
			switch m.String() {
			case "join":
				if err := errors.Join(topic.Subscribe(ws), topic.Subscribe(ws), other.Subscribe(ws)); err != nil {
					t.Error(err)
				}
			case "part":
				topic.Unsubscribe(ws)
				topic.Unsubscribe(ws)
			}
			publish(t, topic, "", "after "+m.String())
			publish(t, other, "", "other")
		}})
		p := s.dialWS()
		for range 3 {
			p.send(text("part"))
			p.send(text("join"))
			both := make([]string, 2) // of two topics, in no order
			for i := range both {
				f, err := p.readFrame()
				if err != nil {
					t.Fatal(err)
				}
				both[i] = f.payload
			}
			if slices.Sort(both); both[0] != "after join" || both[1] != "other" {
				t.Fatalf("got %q, but what was published before is too early", both)
			}
			p.send(text("part"))
			p.expectText("other", "what was published is not sent to who has left")
			p.send(text("again"))
			p.expectText("other", "")
			p.leave()
			p = s.dialWS()
		}
	})
}

// What cannot be is refused.
func TestTopicMisuse(t *testing.T) {
	topic := testTopic(t, TopicConfig{})
	if err := topic.Publish(MessageKind(9), nil); err != ws.ErrBadOpcode {
		t.Errorf("a ping was published: %v", err)
	}
	if err := topic.Subscribe(&WebSocket{}); err != ErrConnClosed {
		t.Errorf("who is not open was subscribed: %v", err)
	}
	topic.Unsubscribe(&WebSocket{})
	topic.Close()
	topic.Close()
	if err := topic.Publish(TextMessage, nil); err != ErrTopicClosed {
		t.Errorf("published after Close: %v", err)
	}
	if err := topic.Subscribe(&WebSocket{state: wsOpen}); err != ErrTopicClosed {
		t.Errorf("subscribed after Close: %v", err)
	}
	for _, cfg := range []TopicConfig{{Policy: Disconnect + 1}, {CloseCode: CloseAbnormal}, {CloseCode: -1}, {CloseCode: 1 << 16}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v makes a topic", cfg)
				}
			}()
			NewTopic(cfg)
		}()
	}
}

// The process's own memory of topics is used, reported, and given back.
func TestTopicMemory(t *testing.T) {
	needDriver(t, DriverNetpoll)
	topic := NewTopic(TopicConfig{})
	s := topicServer(t, DriverNetpoll, topic, &WebSocketConfig{})
	p := join(s, topic, 1)[0]
	publish(t, topic, "", "kept by the process")
	p.expectText("kept by the process", "")
	snap := TopicMemory()
	i := slices.IndexFunc(snap.Accounts, func(a mem.AccountStats) bool { return a.Name == "topic message" })
	if i < 0 || snap.Accounts[i].HighWater == 0 {
		t.Errorf("the account is %+v, but a message was published", snap.Accounts)
	}
	_ = s.Close()
	for end := time.Now().Add(patience); TopicMemory().Leased != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d messages are out", TopicMemory().Leased)
		}
	}
}

// Close lets go of everybody, behind what was published.
func TestTopicClose(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{})
		s := topicServer(t, driver, topic, &WebSocketConfig{OnMessage: echo}, func(s *Server) { s.Loops = 2 })
		peers := join(s, topic, 4)
		publish(t, topic, "", "last")
		topic.Close()
		await(t, topic, "nobody is subscribed", func(st TopicStats) bool { return st.Subscribers == 0 })
		for _, p := range peers {
			p.expectText("last", "it was published before")
			p.send(text("still here"))
			p.expectText("still here", "the connection stays")
		}
	})
}

// Publishers on goroutines and on loops, and subscribers that come and go: each gets every publisher's messages in
// order and, from its first to its last, all of them, and all that stay see one order.
func TestTopicOrder(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		const publishers, messages = 4, 300
		topic := testTopic(t, TopicConfig{MaxMessages: publishers * messages * 2, MaxBytes: -1})
		var onLoop int // guarded by the loop of the one that sends
		s := topicServer(t, driver, topic, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) {
			publish(t, topic, "", numbered(onLoop, 20)+"L")
			onLoop++
		}}, func(s *Server) { s.Loops = 3 })
		peers := join(s, topic, 6)
		var wg sync.WaitGroup
		for k := range publishers {
			wg.Go(func() {
				for i := range messages {
					publish(t, topic, "", numbered(i, 20)+itoa(k))
				}
			})
		}
		wg.Go(func() {
			for range messages {
				peers[0].send(text("go"))
			}
		})
		quit := make(chan bool)
		var churn sync.WaitGroup
		churn.Go(func() { churnSubscribers(t, s, quit) })
		var first []string
		for i, p := range peers {
			var all []string
			next := map[string]int{}
			for range (publishers + 1) * messages {
				f, err := p.readFrame()
				if err != nil {
					t.Fatal(err)
				}
				who := f.payload[20:]
				if n := number(f.payload); n != next[who] {
					t.Fatalf("subscriber %d got message %d of publisher %s, want %d", i, n, who, next[who])
				}
				next[who]++
				all = append(all, f.payload)
			}
			if first == nil {
				first = all
			}
			for j := range all {
				if all[j] != first[j] {
					t.Fatalf("subscribers disagree about the order: message %d is %q and %q", j, all[j], first[j])
				}
			}
		}
		wg.Wait()
		close(quit)
		churn.Wait()
	})
}

// churnSubscribers has subscribers come, see that nothing is missing, and go in every way.
func churnSubscribers(t *testing.T, s *testServer, quit <-chan bool) {
	for i := 0; ; i++ {
		select {
		case <-quit:
			return
		default:
		}
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			return
		}
		if testTLS != 0 {
			c.Close()
			return
		}
		_, _ = c.Write([]byte(wsGet("/ws")))
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _ = c.Read(make([]byte, 300))
		if i%2 == 0 {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		_ = c.Close()
	}
}

// A server that ends during a broadcast takes nothing with it; others go on.
func TestTopicServerEnds(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{MaxMessages: -1, MaxBytes: -1})
		stays := topicServer(t, driver, topic, &WebSocketConfig{})
		p := join(stays, topic, 1)[0]
		quit := make(chan bool)
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-quit:
					publish(t, topic, "", "end")
					return
				default:
					publish(t, topic, "", numbered(i, 3000))
					time.Sleep(20 * time.Microsecond)
				}
			}
		})
		wg.Go(func() {
			for i := 0; ; i++ {
				f, err := p.readFrame()
				if err != nil || f.payload != "end" && number(f.payload) != i {
					t.Errorf("message %d is %.20q, %v", i, f.payload, err)
				}
				if err != nil || f.payload == "end" {
					return
				}
			}
		})
		for range 4 {
			s := topicServer(t, driver, topic, &WebSocketConfig{}, func(s *Server) { s.Loops = 2 })
			for range 6 {
				s.dialWS()
			}
			time.Sleep(5 * time.Millisecond)
			_ = s.Close()
		}
		close(quit)
		wg.Wait()
	})
}

// A client's WebSockets may be subscribed, too: each gets frames of its own then, masked.
func TestTopicOfClients(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{})
		got := make(chan string, 10)
		s := wsServer(t, driver, &WebSocketConfig{
			OnMessage:   func(_ *WebSocket, m Message) { got <- m.String() },
			Compression: &WebSocketCompression{},
		})
		d := dialer(t, driver)
		for i, compression := range []*WebSocketCompression{nil, {}} {
			if _, err := d.Dial(t.Context(), s.url("/ws"), &WebSocketConfig{
				OnOpen:      func(ws *WebSocket) { _ = topic.Subscribe(ws) },
				Compression: compression,
			}); err != nil {
				t.Fatal(err)
			}
			await(t, topic, "it has joined", func(st TopicStats) bool { return st.Subscribers == i+1 })
		}
		for _, n := range []int{0, 10, 5000} {
			publish(t, topic, "", repeat(n))
			for range 2 {
				if m := <-got; m != repeat(n) {
					t.Errorf("got %.60q, want %d bytes", m, n)
				}
			}
		}
		if st := d.Stats(); st.Subscriptions != 2 || st.MessagesOut != 6 {
			t.Errorf("the dialer's account is %+v", st)
		}
	})
}

// noise is what cannot be compressed.
func noise(n int) string { return string(seeded(1, n)) }

// seeded is noise of n bytes that no other seed makes.
func seeded(seed uint64, n int) []byte {
	p, rng := make([]byte, n), rand.NewPCG(seed, 2)
	for i := range p {
		p[i] = byte(rng.Uint64())
	}
	return p
}
