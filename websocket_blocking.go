package ringwire

import (
	"context"
	"net/netip"
	"sync"
	"unicode/utf8"

	"github.com/ringwire/ringwire/proto/ws"
)

// BlockingWebSocket is a WebSocket for a goroutine: Read and Write wait. Each costs a hop to the loop
// and a copy. Its methods may be called from several goroutines, but of those that Read each gets
// a part of the messages. While 256 KiB lie unread nothing more is taken from the peer.
//
// A peer's Close, and whatever breaks the protocol, takes effect behind the messages before it: what they
// are answered with is sent until Read is called with nothing left to read, for CloseTimeout after the last of them
// at most.
type BlockingWebSocket struct {
	ws     *WebSocket
	serve  func(ws *BlockingWebSocket) // nil for a client's
	proto  string
	remote netip.AddrPort

	mu     sync.Mutex
	cond   sync.Cond
	in     wsQueue     // messages that have come, and were not read
	out    wsQueue     // to send, and not taken by the loop
	goal   *CloseError // what Close has asked for
	end    *CloseError // how the connection has ended, once it is gone
	posted bool        // RunTask is on its way
	choked bool        // the loop waits for the reader
	left   bool        // nobody will read any more
	owed   bool        // a message may still be answered: Read was not called for another
	held   bool        // late waits for owed

	// The loop's.

	late   *CloseError // how it will end when nothing is owed any more
	lateBy int64       // or then
	fed    int64       // when the last message came
}

// UpgradeBlocking is Upgrade for a function that may wait: serve is run on a goroutine of its own,
// once the connection is open, and the connection is closed with CloseNormal when it returns.
// There are as many goroutines as connections. The callbacks of cfg are not called. A panic in
// serve is logged and closes the connection with 1011.
func UpgradeBlocking(w *ResponseWriter, r *Request, cfg *WebSocketConfig, serve func(ws *BlockingWebSocket)) error {
	s, err := Upgrade(w, r, cfg)
	if err == nil {
		s.block = newBlocking(s)
		s.block.serve = serve
	}
	return err
}

func newBlocking(s *WebSocket) *BlockingWebSocket {
	b := &BlockingWebSocket{ws: s, proto: s.proto}
	b.cond.L = &b.mu
	b.in.segs.InitFor(s.host.shared)
	b.out.segs.InitFor(s.host.shared)
	return b
}

// begin starts the goroutine, on the loop.
func (b *BlockingWebSocket) begin() {
	b.remote = b.ws.RemoteAddr()
	b.ws.host.users.add()
	if b.serve != nil {
		go b.run()
	}
}

func (b *BlockingWebSocket) run() {
	code := CloseInternalError
	defer func() {
		if code != CloseNormal {
			v := recover()
			if v == nil {
				v = errGoexit
			}
			b.ws.host.logPanic(b.remote, v, stackOf(v))
		}
		b.leave(code)
	}()
	b.serve(b)
	code = CloseNormal
}

// Read waits for a message and appends it to buf, which may be nil. Once the connection has ended,
// and what had come before was read, it fails with the *CloseError. When ctx ends first it fails with
// ctx's error, and nothing is lost.
func (b *BlockingWebSocket) Read(ctx context.Context, buf []byte) (kind MessageKind, p []byte, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.in.len() == 0 {
		if b.owed = false; b.held {
			b.post()
		}
		if err := b.wait(ctx, func() bool { return b.in.len() > 0 }); err != nil {
			return 0, buf, err
		}
	}
	kind, buf = b.in.read(buf)
	if b.choked && b.in.low() {
		b.choked = false
		b.post()
	}
	return kind, buf, nil
}

// Write sends p, which is copied, as one message. It waits while the peer does not read, and returns
// before the message has been sent. It fails with the *CloseError once the connection has ended,
// and with ErrConnClosed after Close.
func (b *BlockingWebSocket) Write(ctx context.Context, kind MessageKind, p []byte) error {
	if kind != TextMessage && kind != BinaryMessage {
		return ws.ErrBadOpcode
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out.full() {
		if err := b.wait(ctx, func() bool { return !b.out.full() }); err != nil {
			return err
		}
	}
	switch {
	case b.end != nil:
		return b.end
	case b.goal != nil:
		return ErrConnClosed
	}
	b.out.segs.AppendCopy(p)
	b.out.add(kind, len(p))
	b.post()
	return nil
}

// wait waits until ready says so. The caller has mu.
func (b *BlockingWebSocket) wait(ctx context.Context, ready func() bool) error {
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.cond.Broadcast()
		})
		defer stop()
	}
	for !ready() {
		switch {
		case b.end != nil:
			return b.end
		case b.left:
			return ErrConnClosed
		case ctx.Err() != nil:
			return ctx.Err()
		}
		b.cond.Wait()
	}
	return nil
}

// Close ends the connection in order: behind what was written, with the peer's Close awaited for
// CloseTimeout. It returns when the connection is gone. Of a connection that UpgradeBlocking
// has opened serve's return does the same without waiting. It fails with what is wrong about code or
// reason, as WebSocket.Close does; then nothing has happened.
func (b *BlockingWebSocket) Close(code int, reason string) error {
	if code < 0 || code > 0xffff || code != CloseNoStatus && !ws.ValidCode(uint16(code)) {
		return ws.ErrBadCode
	}
	if len(reason) > 123 || !utf8.ValidString(reason) || code == CloseNoStatus && reason != "" {
		return ws.ErrBadReason
	}
	b.mu.Lock()
	b.ask(code, reason)
	for b.end == nil {
		b.cond.Wait()
	}
	left := b.left
	b.mu.Unlock()
	if b.serve == nil && !left {
		b.leave(code)
	}
	return nil
}

// ask asks the loop to close. The caller has mu.
func (b *BlockingWebSocket) ask(code int, reason string) {
	if b.goal == nil && b.end == nil {
		b.goal = &CloseError{Code: code, Reason: reason}
		b.post()
	}
}

// leave says that nobody will read or write any more.
func (b *BlockingWebSocket) leave(code int) {
	b.mu.Lock()
	again := b.left
	b.left = true
	b.in.release()
	b.ask(code, "")
	b.cond.Broadcast()
	b.mu.Unlock()
	if !again {
		b.ws.host.users.done()
	}
}

// Post is WebSocket.Post: f is called on the connection's loop, and may do there what a callback may, such as
// subscribing to a Topic. What f sends, or the topic, has no order with what is written. It does not wait. Once the
// connection is gone, f finds it closed.
func (b *BlockingWebSocket) Post(f func(ws *WebSocket)) bool { return b.ws.Post(f) }

// Subprotocol is WebSocket.Subprotocol.
func (b *BlockingWebSocket) Subprotocol() string { return b.proto }

// RemoteAddr is the peer's address, the zero AddrPort on a unix socket.
func (b *BlockingWebSocket) RemoteAddr() netip.AddrPort { return b.remote }
