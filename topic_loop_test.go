package ringwire

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// What a subscriber that does not read gets in the end, by policy: everything from before it fell behind, then exactly
// what the policy keeps of the rest, then what is published once it has caught up.
func TestTopicPolicies(t *testing.T) {
	t.Parallel()
	const size = 8 << 10
	for name, tc := range map[string]struct {
		cfg     TopicConfig
		keys    []string // of messages 1, 2, … behind the one that waits
		want    []int    // of these, 0 being that one
		account TopicStats
	}{
		"drop newest": {
			TopicConfig{MaxMessages: 4}, make([]string, 9), []int{0, 1, 2, 3},
			TopicStats{DroppedNewest: 6},
		},
		"drop newest, by bytes": {
			TopicConfig{MaxBytes: 3 * (size + 4)}, make([]string, 9), []int{0, 1, 2},
			TopicStats{DroppedNewest: 7},
		},
		"drop oldest": {
			TopicConfig{Policy: DropOldest, MaxMessages: 4}, make([]string, 9), []int{6, 7, 8, 9},
			TopicStats{DroppedOldest: 6},
		},
		"drop oldest, by bytes": {
			TopicConfig{Policy: DropOldest, MaxBytes: 3*(size+4) + 100}, make([]string, 9), []int{7, 8, 9},
			TopicStats{DroppedOldest: 7},
		},
		"conflate": {
			TopicConfig{Policy: Conflate, MaxMessages: 4},
			[]string{"a", "b", "a", "b", "a", "c", "d", "a", "d"}, []int{0, 8, 4, 6},
			TopicStats{Conflated: 4, DroppedNewest: 2},
		},
		"conflate, the same": {
			TopicConfig{Policy: Conflate, MaxMessages: 1},
			[]string{"fill", "fill", "a", "fill", "b"}, []int{4},
			TopicStats{Conflated: 3, DroppedNewest: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachDriver(t, func(t *testing.T, driver string) {
				drained := make(chan bool, 1)
				topic := testTopic(t, tc.cfg)
				s := topicServer(t, driver, topic, &WebSocketConfig{OnDrain: func(*WebSocket) {
					select {
					case drained <- true:
					default:
					}
				}})
				p := join(s, topic, 1)[0]
				first := stall(t, topic, size) - 1 // that waits
				before := topic.Stats()
				for i, key := range tc.keys {
					publish(t, topic, key, numbered(first+1+i, size))
				}
				st := settled(t, topic, first+1+len(tc.keys))
				if st.Delivered != before.Delivered || st.QueuedMessages != len(tc.want) || st.Behind != 1 {
					t.Fatalf("the account is %+v, want %d messages to wait", st, len(tc.want))
				}
				if st.Conflated-before.Conflated != tc.account.Conflated || st.DroppedNewest != tc.account.DroppedNewest || st.DroppedOldest != tc.account.DroppedOldest {
					t.Errorf("the account is %+v, want what was lost to be %+v", st, tc.account)
				}
				if ws := s.Stats().WebSocket; ws.Behind != 1 || ws.Dropped != st.DroppedNewest+st.DroppedOldest || ws.Conflated != st.Conflated {
					t.Errorf("the server's account is %+v", ws)
				}
				select {
				case <-drained:
					t.Error("OnDrain was called while messages wait")
				default:
				}
				for i := range int(before.Delivered) {
					p.expectText(numbered(i, size), "from before it fell behind")
				}
				for _, i := range tc.want {
					p.expectText(numbered(first+i, size), "what the policy keeps")
				}
				select {
				case <-drained:
				case <-time.After(patience):
					t.Error("OnDrain was not called")
				}
				publish(t, topic, "a", "now")
				p.expectText("now", "it has caught up")
				if st := topic.Stats(); st.Behind != 0 || st.QueuedMessages != 0 || st.QueuedBytes != 0 {
					t.Errorf("the account is %+v, but nobody is behind", st)
				}
			})
		})
	}
}

// Who must not miss anything, and is too slow, is disconnected: it has then missed nothing before that.
func TestTopicDisconnect(t *testing.T) {
	t.Parallel()
	const size = 8 << 10
	for _, code := range []int{0, CloseTryAgainLater} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			eachDriver(t, func(t *testing.T, driver string) {
				closed := make(ends, 2)
				topic := testTopic(t, TopicConfig{Policy: Disconnect, MaxMessages: 4, CloseCode: code})
				s := topicServer(t, driver, topic, &WebSocketConfig{OnClose: closed.onClose})
				p := join(s, topic, 1)[0]
				n := stall(t, topic, size)
				for i := range 4 {
					if topic.Stats().Disconnected != 0 {
						t.Fatalf("disconnected with %d messages waiting", i+1)
					}
					publish(t, topic, "", numbered(n+i, size))
				}
				st := await(t, topic, "it is disconnected", func(st TopicStats) bool { return st.Disconnected == 1 })
				if st.Subscribers != 0 || st.QueuedMessages != 0 || st.Behind != 0 {
					t.Errorf("the account is %+v, want nothing to wait", st)
				}
				for i := range int(st.Delivered) {
					p.expectText(numbered(i, size), "")
				}
				want := max(code, 0)
				if want == 0 {
					want = ClosePolicyViolation
				}
				p.expectClose(want, "it was too slow")
				if end := closed.expect(t, want, false, false, ""); end.Err != ErrSlowConsumer || end.Reason != "too slow" {
					t.Errorf("ended with %+v", end)
				}
			})
		})
	}
}

// A loop that does not come to look keeps a bounded inbox, by the same policies.
func TestTopicLoopBlocked(t *testing.T) {
	t.Parallel()
	const limit = 2 * topicBurst
	for _, tc := range []struct {
		policy SlowPolicy
		keys   int
		want   func(i int) bool // of 3×limit messages
		lost   TopicStats
	}{
		{DropNewest, 1, func(i int) bool { return i < limit }, TopicStats{DroppedLoop: 2 * limit}},
		{DropOldest, 1, func(i int) bool { return i >= 2*limit }, TopicStats{DroppedLoop: 2 * limit}},
		{Conflate, limit, func(i int) bool { return i >= 2*limit }, TopicStats{ConflatedLoop: 2 * limit}},
		{Conflate, limit + 1, nil, TopicStats{ConflatedLoop: 2*limit - 2, DroppedLoop: 2}},
		{Disconnect, 1, func(i int) bool { return i < limit }, TopicStats{DroppedLoop: 2 * limit, Disconnected: 1}},
	} {
		t.Run(fmt.Sprint(tc.policy, tc.keys), func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				topic := testTopic(t, TopicConfig{Policy: tc.policy, MaxMessages: 2})
				s := topicServer(t, driver, topic, &WebSocketConfig{})
				p := join(s, topic, 1)[0]
				s.onLoop(func(*service) {
					for i := range 3 * limit {
						publish(t, topic, itoa(i%tc.keys), numbered(i, 10))
					}
				})
				var got []int
				for range limit {
					f, err := p.readFrame()
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, number(f.payload))
				}
				for i, n := range got {
					if tc.want != nil && (!tc.want(n) || i > 0 && n != got[i-1]+1) {
						t.Fatalf("got %v", got)
					}
				}
				st := topic.Stats()
				if st.DroppedLoop != tc.lost.DroppedLoop || st.ConflatedLoop != tc.lost.ConflatedLoop || st.Disconnected != tc.lost.Disconnected {
					t.Errorf("the account is %+v, want %+v", st, tc.lost)
				}
				if tc.policy == Disconnect {
					p.expectClose(ClosePolicyViolation, "it would have missed something")
				} else {
					publish(t, topic, "", "on")
					p.expectText("on", "it goes on")
				}
			})
		})
	}
}

// A burst that a connection could take is not all put into its output: the policy reaches what lies behind the
// first 64 KiB.
func TestTopicBurst(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{Policy: DropOldest, MaxMessages: 10})
		s := topicServer(t, driver, topic, &WebSocketConfig{})
		p := join(s, topic, 1)[0]
		const size, n = 1 << 10, 150
		s.onLoop(func(*service) {
			for i := range n {
				publish(t, topic, "", numbered(i, size))
			}
		})
		ahead := topicAhead/(size+4) + 1 // the last of them begins before the mark
		var want []int
		for i := range n {
			if i < ahead || i >= n-10 {
				want = append(want, i)
			}
		}
		var got []int
		for range want {
			f, err := p.readFrame()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, number(f.payload))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// Several topics of one slow subscriber take turns when it reads again.
func TestTopicFair(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		cfg := TopicConfig{MaxMessages: 100}
		a, b := testTopic(t, cfg), testTopic(t, cfg)
		s := wsServer(t, driver, &WebSocketConfig{OnOpen: func(ws *WebSocket) { _ = b.Subscribe(ws); _ = a.Subscribe(ws) }})
		p := join(s, a, 1)[0]
		const size = 8 << 10
		n := stall(t, a, size)
		for i := range 50 {
			publish(t, a, "", numbered(n+i, size))
		}
		for i := range 50 {
			publish(t, b, "", numbered(i, size)+"b")
		}
		st := settled(t, a, n+50)
		settled(t, b, 50)
		var order []byte
		for range n + 100 {
			f, err := p.readFrame()
			if err != nil {
				t.Fatal(err)
			}
			order = append(order, f.payload[len(f.payload)-1])
		}
		behind := string(order[st.Delivered:])
		for i := 0; i < 80; i += 2 {
			if behind[i] == behind[i+1] {
				t.Fatalf("the queues did not take turns: %s", behind)
			}
		}
	})
}

// A connection that goes, or is closed, while messages wait for it takes them with it.
func TestTopicBehindCloses(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for _, how := range []string{"reset", "close", "part", "server"} {
			topic := testTopic(t, TopicConfig{})
			var its *WebSocket
			s := topicServer(t, driver, topic, &WebSocketConfig{CloseTimeout: 50 * time.Millisecond, OnPong: func(ws *WebSocket, _ View) { its = ws }})
			p := join(s, topic, 1)[0]
			p.send(frame(fin|opPong, ""))
			n := stall(t, topic, 8<<10)
			publish(t, topic, "", "waits, too")
			settled(t, topic, n+1)
			switch how {
			case "reset":
				p.reset()
			case "close":
				s.onLoop(func(*service) { _ = its.Close(CloseNormal, "") })
				publish(t, topic, "", "nobody is open")
			case "part":
				s.onLoop(func(*service) { topic.Unsubscribe(its) })
			case "server":
				_ = s.Close()
			}
			await(t, topic, "nothing waits after "+how, func(st TopicStats) bool {
				return st.Subscribers == 0 && st.Behind == 0 && st.QueuedMessages == 0 && st.QueuedBytes == 0
			})
		}
	})
}
