package ringwire

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A tick to a thousand connections allocates nothing in the whole process, through real sockets.
func TestTopicAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("checking builds give every lease its own pages and remember stacks")
	}
	if testConfig(DriverNetpoll).DisablePooling {
		t.Skip("without pooling every buffer is an allocation")
	}
	conns, ticks := 1000, 50
	if testing.Short() {
		conns, ticks = 200, 20
	}
	payload := []byte(repeat(512))
	for _, compress := range []bool{false, true} {
		name, fields := "plain", []string(nil)
		cfg := &WebSocketConfig{}
		if compress {
			name, fields = "compressed", []string{"Sec-WebSocket-Extensions: permessage-deflate"}
			cfg.Compression = &WebSocketCompression{}
		}
		t.Run(name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				topic := testTopic(t, TopicConfig{Policy: Conflate})
				s := topicServer(t, driver, topic, cfg, plain, func(s *Server) { s.Loops = 2 })
				crowd := newAudience(t, s, topic, conns, fields...)
				for range 20 {
					crowd.tick(payload)
				}
				wantFrugal(t, fmt.Sprintf("tick to %d connections", conns), ticks, 1, func() {
					for range ticks {
						crowd.tick(payload)
					}
				})
			})
		})
	}
}

// audience is many subscribers that do not allocate.
type audience struct {
	t     testing.TB
	topic *Topic
	conns []net.Conn
	buf   []byte
	frame int // bytes of one, which the first tells
}

func newAudience(t testing.TB, s *testServer, topic *Topic, n int, fields ...string) *audience {
	t.Helper()
	c := &audience{t: t, topic: topic, buf: make([]byte, 4096)}
	for range n {
		nc, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Skipf("connection %d of %d: %v", len(c.conns), n, err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(2 * time.Minute))
		if _, err := nc.Write([]byte(wsGet("/ws", fields...))); err != nil {
			t.Fatal(err)
		}
		head := 0
		for !strings.HasSuffix(string(c.buf[:head]), "\r\n\r\n") {
			k, err := nc.Read(c.buf[head:])
			if err != nil {
				t.Fatal(err)
			}
			head += k
		}
		c.conns = append(c.conns, nc)
	}
	await(t, topic, "all have joined", func(st TopicStats) bool { return st.Subscribers == n })
	return c
}

// tick publishes once and has everybody read it.
func (c *audience) tick(payload []byte) {
	if err := c.topic.Publish(BinaryMessage, payload); err != nil {
		c.t.Fatal(err)
	}
	for _, nc := range c.conns {
		if c.frame == 0 {
			n, err := nc.Read(c.buf)
			if err != nil {
				c.t.Fatal(err)
			}
			c.frame = n
			continue
		}
		if n, err := io.ReadFull(nc, c.buf[:c.frame]); err != nil {
			c.t.Fatalf("%d bytes, %v", n, err)
		}
	}
}
