package ringwire

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"sync"
	"testing"
)

// deflated is a message as a client compresses it (RFC 7692 §7.2.1).
func deflated(m string) string {
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, 1)
	_, _ = io.WriteString(z, m)
	_ = z.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// inflated undoes it.
func inflated(t *testing.T, p string) string {
	t.Helper()
	m, err := inflate(p, nil)
	if err != nil {
		t.Errorf("cannot be inflated: %v", err)
	}
	return string(m)
}

// inflate undoes it for a message behind others.
func inflate(p string, before []byte) ([]byte, error) {
	return io.ReadAll(flate.NewReaderDict(strings.NewReader(p+"\x00\x00\xff\xff\x01\x00\x00\xff\xff"), before))
}

// Compressed messages are what they are without.
func TestWebSocketCompression(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		prepared := Prepare(TextMessage, []byte(repeat(2000)))
		s := wsServer(t, driver, &WebSocketConfig{Compression: &WebSocketCompression{}, OnMessage: func(ws *WebSocket, m Message) {
			if m.Len() == 0 {
				_ = ws.SendPrepared(prepared)
				return
			}
			echo(ws, m)
		}})
		p := &wsPeer{s.dial()}
		p.send(wsGet("/", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"))
		h := p.expectSwitch().Header.Get("Sec-WebSocket-Extensions")
		if !strings.Contains(h, "permessage-deflate") || !strings.Contains(h, "server_no_context_takeover") {
			t.Errorf("agreed on %q", h)
		}
		m := prose(50_000)
		for range 3 {
			p.send(frame(fin|deflate|opText, deflated(m)))
			f, err := p.readFrame()
			if err != nil || f.first != fin|deflate|opText || inflated(t, f.payload) != m {
				t.Fatalf("got %#x, %d bytes, %v", f.first, len(f.payload), err)
			}
		}
		p.send(frame(fin|deflate|opText, deflated("short")))
		p.expectText("short", "below the threshold")
		p.send(text(""))
		if f, _ := p.readFrame(); f.first != fin|deflate|opText || inflated(t, f.payload) != repeat(2000) {
			t.Errorf("a prepared message came as %#x", f.first)
		}
		z := deflated(m)
		p.send(frame(deflate|opText, z[:1000]) + frame(fin|opPing, "") + frame(fin, z[1000:]))
		p.expectFrame(fin|opPong, "", "")
		if f, _ := p.readFrame(); inflated(t, f.payload) != m {
			t.Error("fragments are not the message")
		}
		p.leave()
		s.dialWS().leave() // who does not offer it goes without
	})
}

// wsBombs are violations by those who compress, of up to 2 MiB a message.
var wsBombs = sync.OnceValue(func() []violation {
	bomb := deflated(strings.Repeat("\x00", 20<<20))
	return []violation{
		{CloseMessageTooBig, frame(fin|deflate|opBinary, bomb), "20 MiB of zeros"},
		{CloseMessageTooBig, frame(fin|deflate|opBinary, deflated(strings.Repeat("\x00", 2<<20))), "the ratio"},
		{CloseMessageTooBig, frame(fin|deflate|opBinary, deflated(prose(2<<20+1))), "one byte more than MaxMessage"},
		{CloseInvalidPayload, frame(fin|deflate|opBinary, "\xff\xff"), "no deflate data"},
		{CloseInvalidPayload, frame(fin|deflate|opText, deflated("\xff")), "no UTF-8"},
		{CloseProtocolError, frame(deflate|opText, "") + frame(fin|deflate, ""), "RSV1 in a continuation"},
	}
})

// What does not inflate, or to too much, ends with its code, and in little memory.
func TestWebSocketBombs(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		closed := make(ends, 1)
		s := wsServer(t, driver, &WebSocketConfig{
			Compression: &WebSocketCompression{}, OnClose: closed.onClose, MaxMessage: 2 << 20,
			OnMessage: func(*WebSocket, Message) { t.Error("it was handed out") },
		})
		for _, tc := range wsBombs() {
			p := s.dialWS("Sec-WebSocket-Extensions: permessage-deflate")
			p.pour(tc.raw, 1)
			p.expectClose(tc.code, tc.why)
			closed.expect(t, tc.code, false, false, tc.why)
		}
		m := s.Memory()
		for _, c := range m.Classes {
			if c.Size >= 64<<10 && c.HighWater > 40 {
				t.Errorf("%d buffers of %d bytes were out", c.HighWater, c.Size)
			}
		}
	})
}
