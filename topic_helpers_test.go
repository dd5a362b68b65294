package ringwire

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// testTopic is a topic with memory of its own, to which everything must have come home at the test's end. It is made
// before the server.
func testTopic(t testing.TB, cfg TopicConfig) *Topic {
	t.Helper()
	cfg.DisablePooling = os.Getenv("RINGWIRE_TEST_POOLING") == "off"
	topic := NewTopic(cfg)
	topic.pool = newTopicMemory(mem.Config{Shared: true, Heap: cfg.DisablePooling})
	t.Cleanup(func() {
		var err error
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if err = topic.pool.alloc.Close(); err == nil {
				break
			}
		}
		if err != nil {
			t.Errorf("messages have not come home: %v", err)
		}
		if st := topic.Stats(); st.Subscribers != 0 || st.Behind != 0 || st.QueuedMessages != 0 || st.QueuedBytes != 0 {
			t.Errorf("the servers have ended, and the account is %+v", st)
		}
	})
	return topic
}

// topicServer subscribes everybody who connects.
func topicServer(t testing.TB, driver string, topic *Topic, cfg *WebSocketConfig, tune ...func(*Server)) *testServer {
	t.Helper()
	cfg.OnOpen = func(ws *WebSocket) {
		if err := topic.Subscribe(ws); err != nil {
			t.Error(err)
		}
	}
	return wsServer(t, driver, cfg, tune...)
}

// join connects n subscribers to a server of topicServer.
func join(s *testServer, topic *Topic, n int, fields ...string) []*wsPeer {
	s.t.Helper()
	before := topic.Stats().Subscribers
	peers := make([]*wsPeer, n)
	for i := range peers {
		peers[i] = s.dialWS(fields...)
	}
	await(s.t, topic, "all have joined", func(st TopicStats) bool { return st.Subscribers == before+n })
	return peers
}

// await waits until a topic's account says so.
func await(t testing.TB, topic *Topic, what string, ok func(st TopicStats) bool) TopicStats {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Microsecond) {
		st := topic.Stats()
		if ok(st) {
			return st
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s; the account is %+v", what, st)
		}
	}
}

// publish publishes or fails.
func publish(t testing.TB, topic *Topic, key, text string) {
	t.Helper()
	if err := topic.PublishKeyed(key, TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// numbered is a message of n bytes that begins with its number.
func numbered(i, n int) string {
	text := strconv.Itoa(i) + ":"
	return text + strings.Repeat("x", n-len(text))
}

// number reads a numbered message.
func number(payload string) int {
	head, _, _ := strings.Cut(payload, ":")
	n, err := strconv.Atoi(head)
	if err != nil {
		panic(fmt.Sprintf("%.60q has no number", payload))
	}
	return n
}

// settled waits until everything published has become of something for a single subscriber.
func settled(t testing.TB, topic *Topic, published int) TopicStats {
	t.Helper()
	return await(t, topic, "all is dealt with", func(st TopicStats) bool {
		return st.Published == uint64(published) &&
			st.Delivered+uint64(st.QueuedMessages)+st.Conflated+st.DroppedNewest+st.DroppedOldest+st.DroppedLoop+st.ConflatedLoop+st.Disconnected >= st.Published
	})
}

// stall publishes until the only subscriber, which does not read, is behind and stays so. It returns how many
// messages that took.
func stall(t testing.TB, topic *Topic, size int) int {
	t.Helper()
	for i := 0; i < 100_000; {
		publish(t, topic, "fill", numbered(i, size))
		i++
		if settled(t, topic, i).Behind == 0 {
			continue
		}
		before := topic.Stats()
		time.Sleep(30 * time.Millisecond)
		if topic.Stats() == before {
			return i
		}
	}
	t.Fatal("the system takes everything")
	return 0
}
