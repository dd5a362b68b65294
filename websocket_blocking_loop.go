package ringwire

import (
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
)

// The loop's side of a BlockingWebSocket.

// post has RunTask called on the loop, unless that is on its way. The caller has mu. When the loop has
// stopped kill has been called, or will be.
func (b *BlockingWebSocket) post() {
	if !b.posted {
		b.posted = b.ws.host.loop.Post(b)
	}
}

// RunTask does what the goroutine has asked for.
func (b *BlockingWebSocket) RunTask() {
	b.mu.Lock()
	b.posted = false
	choked := b.choked
	b.mu.Unlock()
	s := b.ws
	if s.state != wsOpen {
		return
	}
	if !choked {
		s.resume()
	}
	b.flush(s)
}

// feed takes a message that has come.
func (b *BlockingWebSocket) feed(s *WebSocket, m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left {
		return
	}
	for p := range m.Views {
		b.in.segs.AppendCopy(p)
	}
	b.in.add(m.Kind, m.Len())
	b.cond.Broadcast()
	if b.in.full() {
		b.choked = true
		s.pause()
	}
}

// flush sends what the goroutine has written while the connection has room, and all of it
// before it is closed.
func (b *BlockingWebSocket) flush(s *WebSocket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.out.len() > 0 && (b.goal != nil || !s.conn.Congested()) {
		b.send(s, b.out.pop())
	}
	if !b.out.full() {
		b.cond.Broadcast()
	}
	if b.goal != nil {
		_ = s.Close(b.goal.Code, b.goal.Reason) // both were looked at
	}
}

// send sends the first message of out.
func (b *BlockingWebSocket) send(s *WebSocket, m wsQueued) {
	var one mem.Segments
	one.InitFor(s.host.shared)
	b.out.segs.SplitTo(&one, m.n)
	out, op := s.conn.Output(), ws.Opcode(m.kind)
	if m.n <= copyBody || s.client || s.agreed.Enabled {
		_ = s.eng.AppendMessage(out, op, one.Flatten(), s.key()) // the connection is open, and the kind was checked
	} else {
		_ = s.eng.AppendSegments(out, op, &one, s.key())
	}
	one.Release()
	s.sent(m.n)
}

// kill says that the connection is gone.
func (b *BlockingWebSocket) kill(end *CloseError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end = end
	b.out.release()
	b.cond.Broadcast()
}
