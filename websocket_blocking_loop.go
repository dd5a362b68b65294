package ringwire

import (
	"time"

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
	choked, over := b.choked, b.held && !b.owed
	b.mu.Unlock()
	s := b.ws
	if s.state != wsOpen {
		return
	}
	if !choked {
		s.resume()
	}
	b.flush(s, over)
	if over {
		b.conclude(s)
	}
}

// hold has an end wait until the messages before it are answered, if any may be, and reports whether it does. An
// end that does not wait begins behind what was written, which RunTask may not have seen.
func (b *BlockingWebSocket) hold(s *WebSocket, end *CloseError) bool {
	if s.state != wsOpen {
		return false
	}
	if b.delay(end, s.host.loop.Now(), s.set.closeTimeout) {
		s.schedule()
		return true
	}
	b.flush(s, true)
	return false
}

// delay notes an end that is to wait, if it is.
func (b *BlockingWebSocket) delay(end *CloseError, now int64, most time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	by := b.fed + int64(most)
	if !b.owed || b.left || b.goal != nil || by <= now {
		return false
	}
	b.held, b.late, b.lateBy = true, end, by
	return true
}

// overdue is the end of a goroutine's time to answer.
func (b *BlockingWebSocket) overdue(s *WebSocket) {
	b.flush(s, true)
	b.conclude(s)
}

// conclude lets the end begin that has waited, if none has begun by now.
func (b *BlockingWebSocket) conclude(s *WebSocket) {
	end := b.late
	if b.late = nil; end != nil && s.state == wsOpen {
		s.endBy(end)
	}
}

// endBy does what the peer has made necessary.
func (s *WebSocket) endBy(end *CloseError) {
	if end.Remote {
		s.answerClose(end)
	} else {
		s.fail(end.Code, end.Reason, end.Err)
	}
}

// late is the end that is known and has not begun, nil for none.
func (s *WebSocket) late() *CloseError {
	if s.block == nil {
		return nil
	}
	return s.block.late
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
	b.owed, b.fed = true, s.host.loop.Now()
	b.cond.Broadcast()
	if b.in.full() {
		b.choked = true
		s.pause()
	}
}

// flush sends what the goroutine has written while the connection has room, and all of it
// before it is closed.
func (b *BlockingWebSocket) flush(s *WebSocket, all bool) {
	b.mu.Lock()
	goal := b.goal
	for b.out.len() > 0 && (all || goal != nil || !s.conn.Congested()) {
		b.send(s, b.out.pop())
	}
	if !b.out.full() {
		b.cond.Broadcast()
	}
	b.mu.Unlock()
	if goal != nil {
		_ = s.Close(goal.Code, goal.Reason) // both were looked at
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
