package ringwire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wsPeer is a client that speaks WebSocket by hand: frames as the test wrote them.
type wsPeer struct{ *peer }

// The example of RFC 6455 §1.3.
const (
	wsKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	wsAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// wsGet is a request that opens a WebSocket.
func wsGet(target string, fields ...string) string {
	return get(target, append([]string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + wsKey}, fields...)...)
}

// dialWS opens a WebSocket.
func (s *testServer) dialWS(fields ...string) *wsPeer {
	s.t.Helper()
	p := &wsPeer{s.dial()}
	p.send(wsGet("/ws", fields...))
	p.expectSwitch()
	return p
}

// expectSwitch reads the answer 101.
func (p *wsPeer) expectSwitch() *http.Response {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	res, err := http.ReadResponse(p.r, &http.Request{Method: "GET"})
	if err != nil {
		p.t.Fatalf("no answer to the upgrade: %v", err)
	}
	if h := res.Header; res.StatusCode != 101 || !strings.EqualFold(h.Get("Upgrade"), "websocket") ||
		!strings.EqualFold(h.Get("Connection"), "upgrade") || h.Get("Sec-WebSocket-Accept") != wsAccept {
		p.t.Fatalf("got %v, want 101 with what RFC 6455 §4.2.2 asks for", res)
	}
	return res
}

// Opcodes, and bits that stand with them in a frame's first byte.
const (
	opText, opBinary, opClose, opPing, opPong = 1, 2, 8, 9, 10

	fin     = 0x80
	deflate = 0x40
)

// frame is a masked frame: first is its first byte.
func frame(first byte, payload string) string {
	b := append([]byte{first}, lengthField(len(payload), 0x80)...)
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i&3])
	}
	return string(b)
}

// lengthField is a payload's length as it stands in a frame.
func lengthField(n int, mask byte) []byte {
	switch {
	case n < 126:
		return []byte{mask | byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{mask | 126}, uint16(n))
	}
	return binary.BigEndian.AppendUint64([]byte{mask | 127}, uint64(n))
}

// served is a server's frame, which has no mask.
func served(first byte, payload string) string {
	return string(append([]byte{first}, lengthField(len(payload), 0)...)) + payload
}

func text(payload string) string { return frame(fin|opText, payload) }

// closing is the payload of a Close.
func closing(code int, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

// wsFrame is a frame that has come.
type wsFrame struct {
	first   byte
	payload string
}

// readFrame reads the server's next frame.
func (p *wsPeer) readFrame() (wsFrame, error) {
	_ = p.SetReadDeadline(time.Now().Add(patience))
	return readServed(p.r)
}

// readServed reads a server's frame.
func readServed(r io.Reader) (f wsFrame, err error) {
	head := make([]byte, 2, 10)
	if _, err = io.ReadFull(r, head); err != nil {
		return f, err
	}
	f.first = head[0]
	n := uint64(head[1])
	if n > 127 {
		return f, fmt.Errorf("a server's frame is masked: % x", head)
	}
	if n >= 126 {
		long := head[2 : 2+2+6*(n-126)]
		if _, err = io.ReadFull(r, long); err != nil {
			return f, err
		}
		n = 0
		for _, c := range long {
			n = n<<8 | uint64(c)
		}
	}
	payload := make([]byte, n)
	_, err = io.ReadFull(r, payload)
	f.payload = string(payload)
	return f, err
}

// expectFrame reads a frame and compares it.
func (p *wsPeer) expectFrame(first byte, payload, why string) {
	p.t.Helper()
	f, err := p.readFrame()
	if err != nil || f.first != first || f.payload != payload {
		p.t.Fatalf("got frame %#x %.60q (%d bytes), %v; want %#x %.60q (%d bytes): %s", f.first, f.payload, len(f.payload), err, first, payload, len(payload), why)
	}
}

// expectText reads a text message.
func (p *wsPeer) expectText(payload, why string) {
	p.t.Helper()
	p.expectFrame(fin|opText, payload, why)
}

// expectClose reads frames until a Close with that code, and then the connection's end.
func (p *wsPeer) expectClose(code int, why string) {
	p.t.Helper()
	f := p.skipTo(opClose, why)
	p.checkClose(f, code, why)
	p.expectOver(why)
}

// answerClose is expectClose for a server that has closed first, and waits for the answer.
func (p *wsPeer) answerClose(code int, why string) {
	p.t.Helper()
	f := p.skipTo(opClose, why)
	p.checkClose(f, code, why)
	p.send(frame(fin|opClose, f.payload))
	p.expectOver(why)
}

func (p *wsPeer) checkClose(f wsFrame, code int, why string) {
	p.t.Helper()
	got := CloseNoStatus
	if len(f.payload) >= 2 {
		got = int(binary.BigEndian.Uint16([]byte(f.payload)))
	}
	if got != code {
		p.t.Fatalf("closed with %d %q, want %d: %s", got, f.payload, code, why)
	}
}

// expectOver reads the connection's end, and closes this side.
func (p *wsPeer) expectOver(why string) {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(p.r)
	if len(rest) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		p.t.Fatalf("got %.60q, %v after the Close, want the connection's end: %s", rest, err, why)
	}
	_ = p.Close()
}

// skipTo reads up to a frame with that opcode.
func (p *wsPeer) skipTo(op byte, why string) wsFrame {
	p.t.Helper()
	for {
		f, err := p.readFrame()
		if err != nil {
			p.t.Fatalf("%v before a frame with opcode %d: %s", err, op, why)
		}
		if f.first == fin|op {
			return f
		}
	}
}

// leave ends the WebSocket as it should be.
func (p *wsPeer) leave() {
	p.t.Helper()
	p.send(frame(fin|opClose, closing(1000, "")))
	p.expectClose(1000, "the server answers the Close")
}

// wsServer is a server of WebSockets at every path.
func wsServer(t testing.TB, driver string, cfg *WebSocketConfig, tune ...func(*Server)) *testServer {
	t.Helper()
	return start(t, driver, func(w *ResponseWriter, r *Request) { _, _ = Upgrade(w, r, cfg) }, tune...)
}

// echo sends every message back.
func echo(ws *WebSocket, m Message) { _ = ws.Echo(m) }

// ends collects how WebSockets ended.
type ends chan *CloseError

func (e ends) onClose(_ *WebSocket, end *CloseError) { e <- end }

// expect waits for an end.
func (e ends) expect(t *testing.T, code int, remote, clean bool, why string) *CloseError {
	t.Helper()
	select {
	case end := <-e:
		if end.Code != code || end.Remote != remote || end.Clean != clean {
			t.Fatalf("ended with %+v (%v), want code %d, remote %v, clean %v: %s", *end, end, code, remote, clean, why)
		}
		return end
	case <-time.After(patience):
		t.Fatalf("waited in vain for OnClose: %s", why)
	}
	return nil
}

// repeat is a payload of n bytes.
func repeat(n int) string {
	return string(bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n])
}

// pour sends text n times from another goroutine, however long the server lets it wait.
func (p *wsPeer) pour(text string, n int) {
	_ = p.SetWriteDeadline(time.Time{})
	go func() {
		for range n {
			if _, err := io.WriteString(p.Conn, text); err != nil {
				return
			}
		}
	}()
}

// prose is text of n bytes that can be compressed, and not too well.
func prose(n int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the market opens with a price of and volume for each symbol bid ask at last trade seq")
	var text strings.Builder
	for text.Len() < n {
		text.WriteString(words[rng.IntN(len(words))] + " " + itoa(rng.IntN(1000)) + " ")
	}
	return text.String()[:n]
}
