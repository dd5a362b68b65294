package ringwire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// Clients of WebSockets. Those of a topic each have one of their own: its messages have no order with others.
func TestSameWebSockets(t *testing.T) {
	t.Parallel()
	write := func(seed uint64) []script { return wsScripts(seed, false) }
	playEverywhere(t, 8, write, func(t *testing.T, e *events) HandlerFunc { return newSameSockets(t, e).callbacks })
}

// The same to goroutines that read and write. When these act is the scheduler's business, so the scripts leave out
// what depends on that.
func TestSameBlockingWebSockets(t *testing.T) {
	t.Parallel()
	write := func(seed uint64) []script { return wsScripts(seed, true) }
	playEverywhere(t, 8, write, func(t *testing.T, e *events) HandlerFunc { return newSameSockets(t, e).blocking })
}

// sameSockets is an application that sends messages back, does what some words ask for, and writes down
// what it sees.
type sameSockets struct {
	e       *events
	topics  []*Topic                    // one for each client
	configs map[string]*WebSocketConfig // by how messages are compressed
}

// sameSocket is a WebSocket's Value.
type sameSocket struct {
	client int
	big    bool // it is to drain
}

func clientOf(ws *WebSocket) int { return ws.Value.(*sameSocket).client }

const sameClients = 8

func newSameSockets(t *testing.T, e *events) *sameSockets {
	a := &sameSockets{e: e, configs: make(map[string]*WebSocketConfig)}
	for range sameClients {
		a.topics = append(a.topics, testTopic(t, TopicConfig{}))
	}
	for kind, c := range map[string]*WebSocketCompression{"plain": nil, "alone": {}, "kept": {KeepContext: true, Threshold: 10}} {
		cfg := &WebSocketConfig{
			OnOpen: a.onOpen, OnMessage: a.onMessage, OnPong: a.onPong, OnDrain: a.onDrain, OnClose: a.onClose,
			Subprotocols: []string{"second", "first"}, Compression: c,
			MaxFragments: sameFragments, PingEvery: -1, MessageTimeout: -1, CloseTimeout: -1,
		}
		if c != nil {
			cfg.MaxMessage = 2 << 20 // as for wsBombs
		}
		a.configs[kind] = cfg
	}
	return a
}

// config finds out who asks, and for what.
func (a *sameSockets) config(r *Request) (cfg *WebSocketConfig, client int) {
	part := strings.Split(r.Path(), "/")
	if len(part) != 4 || part[1] != "ws" {
		return nil, 0 // one of those with which a simulation ends
	}
	_, _ = fmt.Sscanf(part[3], "c%d", &client)
	return a.configs[part[2]], client
}

func (a *sameSockets) note(client int, format string, args ...any) {
	a.e.add(client, "application", format, args...)
}

// try writes down an error.
func (a *sameSockets) try(client int, what string, err error) {
	if err != nil {
		a.note(client, "%s: %s", what, classOf(err))
	}
}

func (a *sameSockets) callbacks(w *ResponseWriter, r *Request) {
	cfg, client := a.config(r)
	if cfg == nil {
		simHandler(w, r)
		return
	}
	ws, err := Upgrade(w, r, cfg)
	if a.try(client, "upgrade", err); err == nil {
		ws.Value = &sameSocket{client: client}
	}
}

func (a *sameSockets) onOpen(ws *WebSocket) {
	client := clientOf(ws)
	a.note(client, "open: %q, compressed %v", ws.Subprotocol(), ws.Compressed())
	a.try(client, "subscribe", a.topics[client].Subscribe(ws))
	a.try(client, "send", ws.SendText("welcome"))
}

func (a *sameSockets) onMessage(ws *WebSocket, m Message) {
	client := clientOf(ws)
	a.message(client, m.Kind, m.View())
	var err error
	switch m.String() {
	case "!publish":
		err = a.publish(client)
	case "!big":
		ws.Value.(*sameSocket).big = true
		err = ws.SendBinary(sameBig())
	case "!ping":
		err = ws.Ping([]byte("mine"))
	case "!close":
		err = errors.Join(ws.SendText("last"), ws.Close(4001, "as told"))
		a.try(client, "behind the Close", ws.SendText("more"))
	case "!return":
		err = ws.Close(CloseNormal, "")
	case "!panic":
		panic("as told")
	default:
		err = sendBack(ws, m)
	}
	a.try(client, "send", err)
}

// sendBack sends a message back in one of the ways that there are.
func sendBack(ws *WebSocket, m Message) error {
	switch m.Len() % 3 {
	case 0:
		return ws.Echo(m)
	case 1:
		return ws.Send(m.Kind, m.View())
	}
	var segs mem.Segments
	m.Clone(&segs)
	return ws.SendSegments(m.Kind, &segs)
}

func (a *sameSockets) onPong(ws *WebSocket, payload View) {
	if payload.String() != sameFlood { // how many of these are taken is a matter of time
		a.note(clientOf(ws), "pong: %q", payload.String())
	}
}

// onDrain follows once what is big has gone, and perhaps what a topic has sent: whether that had to wait is a matter
// of time.
func (a *sameSockets) onDrain(ws *WebSocket) {
	if s := ws.Value.(*sameSocket); s.big {
		s.big = false
		a.note(s.client, "drain")
		a.try(s.client, "send", ws.SendText("drained"))
	}
}

func (a *sameSockets) onClose(ws *WebSocket, end *CloseError) { a.ended(clientOf(ws), end) }

func (a *sameSockets) blocking(w *ResponseWriter, r *Request) {
	cfg, client := a.config(r)
	if cfg == nil {
		simHandler(w, r)
		return
	}
	err := UpgradeBlocking(w, r, cfg, func(b *BlockingWebSocket) { a.serve(b, client) })
	a.try(client, "upgrade", err)
}

// serve is what callbacks do, by a goroutine.
func (a *sameSockets) serve(b *BlockingWebSocket, client int) {
	ctx, joined := context.Background(), make(chan struct{})
	a.note(client, "open: %q", b.Subprotocol())
	b.Post(func(ws *WebSocket) {
		defer close(joined)
		a.try(client, "subscribe", a.topics[client].Subscribe(ws))
	})
	<-joined
	a.try(client, "write", b.Write(ctx, TextMessage, []byte("welcome")))
	for {
		kind, p, err := b.Read(ctx, nil)
		if err != nil {
			end, _ := as[*CloseError](err)
			a.ended(client, end)
			return
		}
		a.message(client, kind, p)
		switch string(p) {
		case "!publish":
			err = a.publish(client)
		case "!big":
			err = errors.Join(b.Write(ctx, BinaryMessage, sameBig()), b.Write(ctx, TextMessage, []byte("drained")))
		case "!ping":
			b.Post(func(ws *WebSocket) { a.try(client, "ping", ws.Ping([]byte("mine"))) })
		case "!close":
			err = errors.Join(b.Write(ctx, TextMessage, []byte("last")), b.Close(4001, "as told"))
			a.try(client, "behind the Close", b.Write(ctx, TextMessage, nil))
		case "!return":
			a.note(client, "ended: 1000, by return")
			return
		case "!panic":
			a.note(client, "ended: 1011, by panic")
			panic("as told")
		default:
			err = b.Write(ctx, kind, p)
		}
		a.try(client, "write", err)
	}
}

func (a *sameSockets) message(client int, kind MessageKind, p []byte) {
	a.note(client, "message: %v, %s", kind, digest(p))
}

func (a *sameSockets) ended(client int, end *CloseError) {
	a.note(client, "ended: %d %q, remote %v, clean %v, because of %s", end.Code, end.Reason, end.Remote, end.Clean, classOf(end.Err))
}

// publish sends to a client's topic.
func (a *sameSockets) publish(client int) error {
	return errors.Join(a.topics[client].Publish(TextMessage, []byte(sameTopic+"text")),
		a.topics[client].Publish(BinaryMessage, []byte(sameTopic+prose(1000))))
}

const (
	sameTopic     = "topic " // how its messages begin, and no others
	sameFlood     = "flood"  // the payload of pongs that are too many
	sameFragments = 50       // of a message
)

// sameBig is so much that the connection is congested, compressed or not.
var sameBig = sync.OnceValue(func() []byte { return seeded(1, 300_000) })

// classOf is what an error is, without what depends on the driver.
func classOf(err error) string {
	switch {
	case err == nil:
		return "nothing"
	case errors.Is(err, syscall.ECONNRESET):
		return "a reset"
	}
	return err.Error()
}

// digest is what stands for bytes.
func digest(p []byte) string {
	return fmt.Sprintf("%d bytes %.20q, sum %08x", len(p), p, crc32.ChecksumIEEE(p))
}

// wsGot reads answers, up to one that is 101, and then frames. It returns what follows, and why that is not whole.
func wsGot(got []byte, answer func(res *http.Response, body []byte), each func(f wsFrame)) (rest []byte, err error) {
	src := bytes.NewReader(got)
	r := bufio.NewReader(src)
	whole := func() { rest = got[len(got)-src.Len()-r.Buffered():] }
	for status := 0; status != http.StatusSwitchingProtocols; whole() {
		res, body, err := readAnswer(r, "GET")
		if err != nil {
			return rest, err
		}
		status = res.StatusCode
		answer(res, body)
	}
	for ; ; whole() {
		f, err := readServed(r)
		if err != nil {
			return rest, err
		}
		each(f)
	}
}

// wsDone makes a step last until n answers and frames are there.
func wsDone(n int) func(got []byte) bool {
	return func(got []byte) bool {
		have := 0
		_, _ = wsGot(got, func(*http.Response, []byte) { have++ }, func(wsFrame) { have++ })
		return have >= n
	}
}

// wsTold writes down what a client has got.
type wsTold struct {
	e      *events
	client int
	w      *wsWriter
	before []byte // what compressed messages may refer to
}

func (w *wsWriter) tell(e *events, client int, got []byte) {
	to := wsTold{e: e, client: client, w: w}
	rest, err := wsGot(got, func(res *http.Response, body []byte) { e.answer(client, res, body) }, to.frame)
	if len(rest) > 0 || err != io.EOF {
		e.add(client, "client", "behind the frames: %q, %v", rest, err)
	}
}

func (to *wsTold) frame(f wsFrame) {
	p, first, err := []byte(f.payload), f.first, error(nil)
	if first&deflate != 0 {
		if p, err = inflate(f.payload, to.before); err != nil {
			to.e.add(to.client, "client", "cannot be inflated: %v", err)
		}
		to.before = append(to.before, p...)
		to.before = to.before[max(0, len(to.before)-32<<10):]
	}
	if to.w.mixed {
		first &^= deflate // whether that is worth it depends on what was sent before
	}
	track, op := "client", first&15
	switch {
	case bytes.HasPrefix(p, []byte(sameTopic)):
		track = "client's topic"
	case to.w.blocking && op == opPing: // the loop's frames have no order with the goroutine's
		track = "client's pings"
	case to.w.blocking && op == opPong:
		track = "client's pongs"
	}
	to.e.add(to.client, track, "frame: %#02x, %s", first, digest(p))
}
