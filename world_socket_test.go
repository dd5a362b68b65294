package ringwire

import (
	"github.com/ringwire/ringwire/internal/world"
	"github.com/ringwire/ringwire/mem"
)

// worldSockets are the WebSockets of a server in a simulated world.
type worldSockets struct {
	w     *world.World
	cfg   WebSocketConfig
	alloc *mem.Allocator
	open  int // OnOpen less OnClose
}

// worldSocket is one of them.
type worldSocket struct {
	conn   int
	got    int // messages
	enough int // after how many it is closed; 0 = never
}

func (h *worldSockets) init(w *world.World) {
	h.w = w
	h.configure(&h.cfg)
}

func (h *worldSockets) configure(cfg *WebSocketConfig) {
	p := h.w.Plan()
	cfg.OnOpen = func(*WebSocket) { h.open++ }
	cfg.OnMessage = h.message
	cfg.OnClose = func(*WebSocket, *CloseError) { h.open-- }
	cfg.MaxMessage = world.MaxMessage
	if z := p.Deflate; z != nil {
		cfg.Compression = &WebSocketCompression{KeepContext: z.KeepContext, Threshold: z.Threshold, Level: z.Level}
	}
	cfg.PingEvery, cfg.PongTimeout, cfg.MessageTimeout, cfg.CloseTimeout = p.PingEvery, p.PongTimeout, p.MessageTimeout, p.CloseTimeout
}

func (h *worldSockets) upgrade(w *ResponseWriter, r *Request, conn, enough int) {
	ws, err := Upgrade(w, r, &h.cfg)
	if err != nil {
		h.w.Fail("upgrade", conn, "it is refused: %v", err)
		return
	}
	ws.Value = &worldSocket{conn: conn, enough: enough}
}

// message sends a message back, in each of the ways that there are.
func (h *worldSockets) message(ws *WebSocket, m Message) {
	s := ws.Value.(*worldSocket)
	if from := int(ws.RemoteAddr().Port()); from != int(uint16(1024+s.conn)) {
		h.w.Fail("crossed", s.conn, "a message came from port %d", from)
	}
	key, at := world.Key(s.conn, s.got, world.FromClient), 0
	for p := range m.Views {
		if i := world.CheckMessage(p, key, int64(at), m.Kind == TextMessage); i >= 0 {
			h.w.Fail("message", s.conn, "byte %d of message %d is wrong: %.100q", at+i, s.got, p[i:])
			return
		}
		at += len(p)
	}
	var err error
	switch s.got++; s.got % 3 {
	case 0:
		err = ws.Send(m.Kind, m.View())
	case 1:
		err = ws.Echo(m)
	default:
		var segs mem.Segments
		segs.Init(h.alloc)
		m.Clone(&segs)
		err = ws.SendSegments(m.Kind, &segs)
	}
	if err != nil {
		h.w.Fail("message", s.conn, "message %d cannot be sent back: %v", s.got, err)
	}
	if s.got == s.enough {
		_ = ws.Close(world.CloseCode, "enough")
	}
}
