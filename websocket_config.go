package ringwire

import (
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/proto/ws"
)

// WebSocketConfig says what becomes of a WebSocket. The zero value is ready for production: it
// takes messages of up to 1 MiB from pages of the same origin, and drops them. In every field 0
// means the documented default; in limits and timeouts a negative value means none. One config
// serves any number of connections. It must not be changed or copied once it has been used.
type WebSocketConfig struct {
	// What happens. These run on the connection's loop and must not block, one at a time for each
	// connection. A panic in one is logged and closes the connection with 1011.

	// OnOpen is called first, when the connection can be written to.
	OnOpen func(ws *WebSocket)

	// OnMessage is called with each message. Messages that the peer sent after Close was called
	// are dropped.
	OnMessage func(ws *WebSocket, m Message)

	// OnPong is called with the payload of each pong, valid until it returns. That the peer answers is
	// looked after without it.
	OnPong func(ws *WebSocket, payload View)

	// OnDrain is called when the output has fallen to a quarter of where Congested says yes,
	// once after it has, and when a Topic's messages that waited for the connection have been given to it.
	OnDrain func(ws *WebSocket)

	// OnClose is called last, exactly once if OnOpen was: the connection is gone.
	OnClose func(ws *WebSocket, end *CloseError)

	// How it begins.

	// Subprotocols are what can be spoken, the best first (RFC 6455 §1.9). A server takes the first that the
	// client offers, or none of them; a client offers all.
	Subprotocols []string

	// CheckOrigin reports whether a page of the origin that the request names may connect, else
	// 403. Default: it has none, as programs have, or its host is the request's.
	// Cookies are sent to any page's WebSockets, so that this is what keeps strangers' pages out.
	CheckOrigin func(r *Request) bool

	// Compression allows permessage-deflate (RFC 7692). Nil: messages are not compressed.
	Compression *WebSocketCompression

	// What it takes.

	MaxMessage   int // bytes of a message, decompressed, else 1009; default 1 MiB
	MaxFrame     int // bytes of a frame, else 1009; default MaxMessage
	MaxFragments int // frames of a message, else 1008; default 1024
	MaxControl   int // pings and pongs in a second with no frame of a message between, else 1008; default 64

	// MaxInflateRatio is how many bytes a message may become for each byte that was sent, once
	// it has become 1 MiB, else 1009. Default 200.
	MaxInflateRatio int

	// MaxBuffered is how many bytes may wait to be sent: beyond, sending fails with
	// ErrBufferFull until some have left. Default 1 MiB.
	MaxBuffered int

	// How long it waits.

	// PingEvery is how long a peer may be silent before it is sent a ping, and PongTimeout how long it
	// may go on so before the connection is given up. Defaults 30 s and 20 s.
	PingEvery, PongTimeout time.Duration

	MessageTimeout time.Duration // from a message's first byte to its last, else 1008; default 60 s
	CloseTimeout   time.Duration // from Close to the peer's answer; default 5 s

	used atomic.Pointer[wsSettings]
}

// WebSocketCompression is how messages are compressed, for a peer that can. The zero value keeps
// nothing between messages, so that a connection that is idle takes no memory for it.
type WebSocketCompression struct {
	// KeepContext lets either side refer to its earlier messages: small ones that are alike
	// become much smaller, for up to 64 KiB of memory per connection that has sent and
	// received some.
	KeepContext bool

	Threshold int // bytes of a message from which on it is sent compressed; default 256
	Level     int // 1, the fastest, to 9; default 1
}

// wsSettings is a WebSocketConfig with its defaults, made once.
type wsSettings struct {
	*WebSocketConfig

	limits   ws.Limits
	compress *ws.Options // what is offered or accepted, nil for none
	marks    wsMarks

	maxBuffered                                          int
	pingEvery, pongTimeout, messageTimeout, closeTimeout time.Duration
}

// settings is the config as it is used.
func (cfg *WebSocketConfig) settings() *wsSettings {
	if s := cfg.used.Load(); s != nil {
		return s
	}
	s := &wsSettings{
		WebSocketConfig: cfg,
		marks:           wsMarksOf(cfg),
		limits: ws.Limits{
			Message: cfg.MaxMessage, Frame: cfg.MaxFrame, Fragments: cfg.MaxFragments,
			Control: cfg.MaxControl, Ratio: cfg.MaxInflateRatio,
		}.WithDefaults(),
		maxBuffered: cfg.MaxBuffered,
		pingEvery:   cfg.PingEvery, pongTimeout: cfg.PongTimeout,
		messageTimeout: cfg.MessageTimeout, closeTimeout: cfg.CloseTimeout,
	}
	if c := cfg.Compression; c != nil {
		s.compress = &ws.Options{
			ServerNoContext: !c.KeepContext, ClientNoContext: !c.KeepContext,
			Threshold: c.Threshold, Level: c.Level,
		}
	}
	defaultInt(&s.maxBuffered, 1<<20)
	defaultTime(&s.pingEvery, 30*time.Second)
	defaultTime(&s.pongTimeout, 20*time.Second)
	defaultTime(&s.messageTimeout, time.Minute)
	defaultTime(&s.closeTimeout, 5*time.Second)
	cfg.used.CompareAndSwap(nil, s)
	return cfg.used.Load()
}
