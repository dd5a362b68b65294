package ringwire

import (
	"io"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/proto/form"
	"github.com/ringwire/ringwire/proto/h1"
)

// phase says what a connection waits for.
type phase uint8

const (
	idle     phase = iota // the first byte of a request
	reading               // the rest of a head
	filling               // the body, before the handler is called
	handling              // the handler, or its Stream callbacks
	leaving               // nothing: the connection is being closed or is somebody else's
)

// h1Conn is the glue between one connection, its HTTP/1.1 engine and the handler. Between
// requests it holds no exchange and no buffer.
type h1Conn struct {
	eng  h1.Engine
	svc  *service
	conn *conn.Conn
	ex   *exchange // the request in progress

	rateAt    int64 // body: when the current measure of its rate began, loop time
	rateBytes int64 // body: bytes since then

	phase    phase
	last     bool // close after the response
	eof      bool // the peer sent its FIN
	bodyOpen bool // the engine has not yet seen the request's body to its end
	held     bool // the body waits for us, not for the peer
	unasked  bool // the client waits for 100 (Continue), and nobody has asked for the body
}

// OnData implements conn.Handler.
func (h *h1Conn) OnData(c *conn.Conn, p []byte) int {
	n, more := 0, true
	h.held = false
	for more && h.phase != leaving && (n < len(p) || h.bodyOpen) { // a body's End may follow its last byte
		// Who does not read its responses gets no further requests answered. The end of a
		// body costs nothing, and nothing would bring it up again.
		if n < len(p) && c.Congested() {
			h.held = true
			break
		}
		var used int
		used, more = h.step(p[n:])
		n += used
	}
	if h.ex != nil && h.phase != reading {
		h.leaveBuffer()
	}
	if h.eof && !h.held {
		h.starve()
	}
	return n
}

// leaveBuffer copies out of the receive buffer what a request in progress still needs,
// because OnData is about to return it.
func (h *h1Conn) leaveBuffer() {
	if h.ex.worker != nil || h.phase == leaving && h.ex.body.sink == nil {
		return // detach has copied it, or nobody will look at it again
	}
	h.ex.keepHead()
	h.ex.body.settle()
	if h.phase == handling && h.ex.res.unsent() {
		h.pushBody(h.ex) // a Stream callback has written
	}
}

// starve ends what waits for input when none will follow.
func (h *h1Conn) starve() {
	switch {
	case h.phase <= filling:
		if err := h.eng.HandleEOF(); err != nil {
			h.refuse(err) // the peer may still read (RFC 9112 §8)
			return
		}
		h.leave(false)
	case h.phase == handling && h.bodyOpen:
		h.last = true
		h.bodyEnd(ErrBodyTruncated)
	}
}

// step takes one event from the engine. It returns how much of p it used, and whether to go on.
func (h *h1Conn) step(p []byte) (used int, more bool) {
	switch h.phase {
	case idle, reading:
		return h.stepHead(p)
	case filling:
		return h.stepBody(p)
	default:
		if !h.bodyOpen {
			return 0, false // a pipelined request waits for the response before it
		}
		if len(p) > 0 && h.sated() {
			h.held = true
			return 0, false
		}
		return h.stepBody(p)
	}
}

// sated reports whether who reads the body is to be spared more of it for now.
func (h *h1Conn) sated() bool {
	if w := h.ex.worker; w != nil {
		return !w.hungry()
	}
	return h.ex.body.coded.blocked
}

func (h *h1Conn) stepHead(p []byte) (used int, more bool) {
	ex := h.ex
	if ex == nil {
		ex = h.svc.acquire()
	}
	ev := h.eng.Next(p, &ex.head)
	switch ev.Kind {
	case h1.HeadDone:
		h.ex, ex.hc = ex, h
		return ev.N, h.begin()
	case h1.NeedMore:
		// The head's findings so far are kept, so that its bytes are looked at once.
		h.ex, ex.hc = ex, h
		if h.phase == idle {
			h.phase = reading
			h.conn.SetDeadline(h.svc.after(h.svc.cfg.ReadHeaderTimeout))
		}
		return ev.N, false
	}
	h.ex, ex.hc = ex, h
	if ev.Kind == h1.Fail {
		h.refuse(ev.Err)
	} else {
		h.leave(false)
	}
	return len(p), false
}

// begin takes up a request whose head has arrived.
func (h *h1Conn) begin() (more bool) {
	head, body := &h.ex.head, &h.ex.body
	h.phase = filling
	h.last = h.last || !head.KeepAlive()
	h.bodyOpen = !head.Bodyless()
	h.unasked = head.Expect100()
	if !form.ValidEscapes(head.Path()) {
		return h.refuse(errBadEscape)
	}
	if string(head.Method()) == "CONNECT" {
		return h.refuse(errConnect)
	}
	if !h.bodyOpen {
		body.done = true
		h.dispatch()
		return true
	}
	body.length = head.ContentLength()
	if body.length > h.svc.cfg.MaxBody {
		return h.refuse(errTooLarge)
	}
	h.beginRate()
	if body.length > int64(h.svc.cfg.BodyBuffer) {
		body.stream = true
		h.dispatch()
		return true
	}
	h.sendContinue()
	return true
}

// stepBody takes one event of the request's body.
func (h *h1Conn) stepBody(p []byte) (used int, more bool) {
	ev := h.eng.Next(p, h.ex.trailerHead())
	switch ev.Kind {
	case h1.Data:
		h.rateBytes += int64(len(ev.Data))
		h.held, h.unasked = false, false
		return ev.N, h.bodyData(ev.Data)
	case h1.End:
		return ev.N, h.bodyEnd(nil)
	case h1.Fail:
		h.bodyFail(ev.Err)
		return len(p), false
	}
	return ev.N, false
}

func (h *h1Conn) bodyData(p []byte) (more bool) {
	b := &h.ex.body
	if h.phase == filling {
		b.add(p)
		switch {
		case b.got > h.svc.cfg.MaxBody:
			return h.refuse(errTooLarge)
		case b.got > int64(h.svc.cfg.BodyBuffer):
			// A chunked body has outgrown the buffer: from here on it is streamed.
			b.stream = true
			h.dispatch()
		}
		return true
	}
	b.got += int64(len(p))
	switch {
	case b.got > h.svc.cfg.MaxBody:
		h.bodyFail(errTooLarge)
		return false
	case h.ex.worker != nil:
		h.ex.worker.feed(p)
	case b.sink != nil && b.coded.inWork():
		b.segs.AppendCopy(p)
		return h.pump()
	case b.sink != nil:
		ok := h.guard(&h.svc.srv.marks.sink, func() { b.sink(p, nil) })
		if ok && b.sink == nil {
			h.settle() // it has had enough
		}
		return ok
	}
	return true
}

// bodyEnd is called when the body has been read whole, or, with why, will never be.
func (h *h1Conn) bodyEnd(err error) (more bool) {
	ex := h.ex
	h.bodyOpen = err != nil
	h.conn.SetDeadline(0)
	if ex.body.err = err; err == nil {
		ex.body.done = true
	}
	switch {
	case h.phase == filling:
		h.dispatch()
	case ex.worker != nil:
		if err == nil {
			err = io.EOF
		}
		ex.worker.end(err)
	case ex.body.sink != nil && ex.body.coded.inWork():
		if err == nil {
			ex.body.openStream().End()
		}
		h.pump() // the end comes when what has arrived is decoded
	case ex.body.sink != nil:
		h.endSink(ex.body.end())
	}
	return err == nil
}

// endSink makes the last call of a Body.Stream callback and ends the response.
func (h *h1Conn) endSink(err error) {
	sink := h.ex.body.sink
	h.ex.body.sink = nil
	if h.guard(&h.svc.srv.marks.sink, func() { sink(nil, err) }) {
		h.settle()
	}
}

// bodyFail gives up on the request's body: a response that has not begun says why.
func (h *h1Conn) bodyFail(err *h1.Error) {
	if h.phase == filling || !h.ex.res.committed && h.ex.worker == nil {
		h.refuse(err)
		return
	}
	h.last = true
	if err == errTooLarge {
		h.bodyEnd(ErrBodyTooLarge)
		return
	}
	h.bodyEnd(ErrBodyTruncated)
}

// sendContinue sends the interim response if the client waits for one (RFC 9110 §10.1.1). From
// then on its body is due.
func (h *h1Conn) sendContinue() {
	if h.unasked && h.phase != leaving {
		h.unasked = false
		h.beginRate()
	}
	if plant.On(plant.ContinueForgotten) {
		return
	}
	out := h.conn.Output()
	if p := h.eng.AppendContinue(out.Reserve(64)); len(p) > 0 {
		out.Commit(len(p))
		h.conn.Flush()
	}
}

// OnEnd implements conn.Handler.
func (h *h1Conn) OnEnd(c *conn.Conn, err error) {
	h.eof = true
	switch {
	case err != io.EOF:
	case c.Kept() > 0:
		c.Redeliver() // OnData judges what is kept, now or once the output has drained
	default:
		h.starve()
	}
}

// OnDrain implements conn.Handler.
func (h *h1Conn) OnDrain(c *conn.Conn) {
	h.held = false
	if h.phase == handling {
		h.resume()
	}
	c.Redeliver()
}

// OnTimeout implements conn.Handler.
func (h *h1Conn) OnTimeout(c *conn.Conn) {
	switch {
	case h.phase == reading:
		h.refuse(errHeadTimeout)
	case h.bodyOpen && h.phase != leaving:
		h.checkRate()
	case h.phase == idle && (c.Kept() > 0 || c.Buffered() > 0):
		// The client has not taken its answers: until then it is not idle, and the write timeout judges it.
		c.SetDeadline(h.svc.after(h.svc.cfg.IdleTimeout))
	case h.phase == idle:
		h.leave(false)
	}
}

// The rate of a body is judged over windows of this length, the first one included.
const bodyGrace = 5 * time.Second

// checkRate ends a body that arrives too slowly. Time in which we did not take any is
// not held against the peer.
func (h *h1Conn) checkRate() {
	now := h.svc.loop.Now()
	seconds := (now - h.rateAt) / int64(time.Second)
	if plant.On(plant.RateNotJudged) {
		return
	}
	if !h.held && !h.unasked && !h.sated() && h.rateBytes < seconds*int64(h.svc.cfg.BodyMinRate) {
		h.bodyFail(errBodyTimeout)
		return
	}
	h.beginRate()
}

// beginRate begins a window in which the body's rate is measured.
func (h *h1Conn) beginRate() {
	h.rateAt, h.rateBytes = h.svc.loop.Now(), 0
	h.conn.SetDeadline(h.rateAt + int64(bodyGrace))
}

// OnShutdown implements conn.Handler.
func (h *h1Conn) OnShutdown(c *conn.Conn) {
	h.last = true
	if h.phase == idle && c.Kept() == 0 {
		h.leave(false)
	}
}

// OnClose implements conn.Handler.
func (h *h1Conn) OnClose(_ *conn.Conn, err error) {
	if ex := h.ex; ex != nil {
		h.ex, ex.hc = nil, nil
		h.abandon(ex)
	}
	h.svc.closed(h)
}

// abandon ends an exchange whose connection is gone.
func (h *h1Conn) abandon(ex *exchange) {
	if w := ex.worker; w != nil {
		w.kill() // the worker's last task frees the exchange
		return
	}
	if sink := ex.body.sink; sink != nil {
		ex.body.sink = nil
		ex.res.err = ErrConnClosed
		h.svc.protect(&h.svc.srv.marks.sink, func() { sink(nil, ErrBodyTruncated) })
	}
	h.svc.release(ex)
}
