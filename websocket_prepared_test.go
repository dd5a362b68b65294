package ringwire

import (
	"runtime"
	"testing"
	"time"
)

// A prepared message goes to many, whole or compressed as each has agreed, and is the same.
func TestWebSocketPrepared(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		m := repeat(5000)
		prepared := Prepare(TextMessage, []byte(m))
		empty := Prepare(BinaryMessage, nil)
		if prepared.Kind() != TextMessage || prepared.Len() != 5000 || string(prepared.payload()) != m {
			t.Errorf("it is %v of %d bytes", prepared.Kind(), prepared.Len())
		}
		s := wsServer(t, driver, &WebSocketConfig{OnMessage: func(ws *WebSocket, m Message) {
			for _, p := range []*Prepared{prepared, empty, prepared} {
				if err := ws.SendPrepared(p); err != nil {
					t.Error(err)
				}
			}
			_ = ws.SendText("behind")
		}})
		for range 20 {
			p := s.dialWS()
			p.send(text("go"))
			for range 2 {
				p.expectText(m, "")
				if p.expectFrame(fin|opBinary, "", ""); true {
					break
				}
			}
			p.expectText(m, "")
			p.expectText("behind", "in order")
		}
	})
}

// Its memory is freed when nobody has it.
func TestPreparedFreed(t *testing.T) {
	if raceEnabled {
		t.Skip("checking builds keep lists of what is out")
	}
	Prepare(TextMessage, []byte("once")) // so that what it is made with is there
	out := func() int { return preparing.alloc.Stats().Leased }
	for range 100 {
		Prepare(BinaryMessage, make([]byte, 100_000))
	}
	for end := time.Now().Add(patience); out() > 50; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d leases are out", out())
		}
		runtime.GC()
	}
}
