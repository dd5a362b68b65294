package ringwire

import (
	"errors"
	"io"

	"github.com/ringwire/ringwire/internal/flight"
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
)

// dispatch calls the handler and sees to what it left behind.
func (h *h1Conn) dispatch() {
	h.phase = handling
	if !h.bodyOpen {
		h.conn.SetDeadline(0)
	}
	if h.call() {
		h.settle()
	}
}

// call runs the handler. It reports false when that panicked; the request is over then.
func (h *h1Conn) call() (ok bool) {
	defer func() {
		if !ok {
			h.panicked(recovered(recover()))
		}
	}()
	srv := h.svc.srv
	h.svc.loop.Handling(&srv.marks.handler)
	srv.Handler.ServeHTTP(&h.ex.res, &h.ex.req)
	return true
}

// recovered is v, which recover returned on a loop after a function did not. Nil means
// runtime.Goexit, which cannot be stopped: the loop's goroutine ends, and all its
// connections would hang without a word. So the process ends, with one.
func recovered(v any) any {
	if v == nil {
		panic("ringwire: a handler on a loop called runtime.Goexit (testing's FailNow does), which ends the loop; only Blocking handlers may")
	}
	return v
}

// guard runs a callback of the handler's like call.
func (h *h1Conn) guard(m *flight.Mark, f func()) (ok bool) {
	defer func() {
		if !ok {
			h.panicked(recovered(recover()))
		}
	}()
	h.svc.loop.Handling(m)
	f()
	return true
}

// panicked ends a request whose handler panicked: with 500 if nothing has been sent yet.
func (h *h1Conn) panicked(v any) {
	h.crashed(v, stackOf(v))
}

func (h *h1Conn) crashed(v any, stack []byte) {
	h.svc.srv.logPanic(h.ex, v, stack)
	if h.ex.worker != nil {
		h.ex.attach() // what wrapped a Blocking handler panicked: that one does not run
	}
	if h.ex.res.committed || v == ErrAbortHandler {
		h.cut()
		return
	}
	h.ex.body.sink, h.ex.res.producer, h.ex.res.err = nil, nil, nil
	Error(&h.ex.res, "500 internal server error", StatusInternalServerError)
	h.last = true
	h.finish()
}

// settle decides what follows a handler or callback that returned: wait for more, or
// finish the response.
func (h *h1Conn) settle() {
	ex := h.ex
	switch {
	case ex == nil:
	case ex.worker != nil:
		h.submit(ex.worker)
	case ex.res.upgrade != nil:
		h.handOver()
	case ex.body.sink != nil:
		// The body's end ends the response.
	case ex.res.producer != nil:
		h.produce()
	default:
		h.finish()
	}
}

// submit gives the request to a worker, or answers 503 when there are too many already.
func (h *h1Conn) submit(j *job) {
	j.submitted = true
	if h.svc.srv.workers.submit(j) {
		return
	}
	ex := h.ex
	ex.attach()
	ex.res.Reset()
	_ = ex.res.Header().Set("Retry-After", "1")
	ex.res.WriteHeader(StatusServiceUnavailable)
	_, _ = ex.res.WriteString("503 too many requests are waiting\n")
	h.finish()
}

// workerProgress takes what a worker has done since.
func (h *h1Conn) workerProgress(j *job) {
	ex := h.ex
	if j.finishedForGood() {
		v, stack := j.panicked, j.stack
		ex.attach()
		if v == nil {
			h.settle()
		} else {
			h.crashed(v, stack)
		}
		return
	}
	if h.conn.Congested() {
		return // OnDrain comes back here
	}
	var out mem.Writer
	out.InitFor(h.svc.mem.response, bodyChunk)
	if j.take(&out) {
		h.push(ex, &out)
		j.taken()
	}
	if h.bodyOpen {
		h.conn.Redeliver()
	}
}

// produce runs a Stream callback while there is room for its output.
func (h *h1Conn) produce() {
	w := &h.ex.res
	for !h.conn.Congested() || plant.On(plant.RoomIgnored) {
		before := w.written
		var err error
		if !h.guard(&h.svc.srv.marks.producer, func() { err = w.producer(w) }) {
			return
		}
		switch {
		case err == io.EOF:
			w.producer = nil
			h.finish()
			return
		case err == nil && w.written == before:
			err = ErrNoProgress
			fallthrough
		case err != nil:
			h.svc.srv.logFailure(h.ex, err)
			h.cut()
			return
		}
		h.pushBody(h.ex)
		if w.bodiless {
			w.producer = nil // nothing of what it writes goes out, and nothing would hold it back
			h.finish()
			return
		}
	}
}

// resume goes on with a response after the connection has drained.
func (h *h1Conn) resume() {
	switch ex := h.ex; {
	case ex.worker != nil:
		h.workerProgress(ex.worker)
	case ex.body.coded.blocked:
		if h.pump(); h.ex == ex && h.phase == handling && ex.res.unsent() {
			h.pushBody(ex)
		}
	case ex.res.producer != nil && ex.body.sink == nil:
		h.produce()
	}
}

// pushBody sends what the handler has written so far.
func (h *h1Conn) pushBody(ex *exchange) {
	ex.res.unsmall()
	h.push(ex, &ex.res.out)
}

// push sends what is in out as part of an unfinished response.
func (h *h1Conn) push(ex *exchange, out *mem.Writer) {
	w := &ex.res
	if !w.committed {
		h.commit(ex, w.declared)
	}
	if w.bodiless {
		out.Release()
		h.conn.Flush()
		return
	}
	dst := h.conn.Output()
	if n := out.Len(); n > 0 {
		if h.eng.Chunking() {
			dst.Commit(len(h1.AppendChunkHead(dst.Reserve(24), n)))
		}
		out.Detach(dst.Segments())
		if h.eng.Chunking() {
			_, _ = dst.WriteString("\r\n")
		}
	}
	h.conn.Flush()
}

// commit sends the head; length is the body's, -1 if it is not known yet.
func (h *h1Conn) commit(ex *exchange, length int64) {
	w := &ex.res
	w.committed = true
	if h.bodyOpen {
		h.last = true // what is left of the body will not be read
	}
	dst := h.conn.Output()
	room := headRoom + w.fields.Size()
	if length > 0 && length <= copyBody {
		room += int(length) // so that the body lies in the same piece
	}
	p, ok := dst.Reserve(room), false
	if w.Status() == StatusOK && length > 0 && w.fields.Len() == 0 && !h.last {
		p, ok = h.eng.AppendPreset(p, h.svc.preset(), length)
	}
	if !ok {
		p = h.appendHead(p, w, length)
	}
	dst.Commit(len(p))
	w.bodiless = !h.eng.BodyAllowed()
}

// appendHead appends a head that the preset does not fit.
func (h *h1Conn) appendHead(dst []byte, w *ResponseWriter, length int64) []byte {
	head := h1.ResponseHead{
		Status: w.Status(), ContentLength: length, Fields: &w.fields,
		Date: h.svc.dateNow(), Close: h.last,
	}
	if length != 0 && head.Status != StatusNoContent && head.Status != StatusNotModified {
		head.Type = defaultType
	}
	return h.eng.AppendResponseHead(dst, &head)
}

// defaultType is the Content-Type of a body for which the handler set none: a client
// must not have to guess, and a browser that does may be led to run it.
const defaultType = "text/plain; charset=utf-8"

const (
	headRoom = 384     // a response head without the handler's fields
	copyBody = 2 << 10 // a body up to this size is kept apart and copied behind its head, so that both are one piece
)

// finish completes the response and makes ready for the next request.
func (h *h1Conn) finish() {
	ex := h.ex
	w := &ex.res
	if !w.committed {
		before := h.conn.Output().Len()
		h.finishWhole(ex)
		if plant.On(plant.AnswersSwapped) && before > 0 && !h.conn.Sending() {
			turn(h.conn.Output(), before)
		}
	} else {
		h.finishStreamed(ex)
	}
	if h.phase == leaving {
		return // it could not be completed
	}
	h.conn.Flush()
	keep := h.eng.FinishResponse()
	h.ex = nil
	h.svc.release(ex)
	if !keep || h.last || h.eof && h.conn.Kept() == 0 {
		h.leave(h.bodyOpen)
		return
	}
	h.phase = idle
	if h.conn.SetDeadline(h.svc.after(h.svc.cfg.IdleTimeout)); plant.On(plant.IdleNotTimed) {
		h.conn.SetDeadline(0)
	}
	if h.conn.Kept() > 0 {
		h.conn.Redeliver()
	}
}

// finishWhole sends a response of which nothing has been sent, so that its length is known.
func (h *h1Conn) finishWhole(ex *exchange) {
	w := &ex.res
	if w.err != nil {
		h.svc.srv.logFailure(ex, w.err)
		h.cut()
		return
	}
	if err := ex.body.coded.err; err != nil && w.written == 0 && w.status == 0 {
		h.refuseCoded(w, err)
	}
	n := w.written
	if n == 0 && w.status == 0 { // the handler has said nothing, but 200 would be wrong
		switch ex.body.err {
		case ErrBodyTruncated:
			h.refuse(h1.ErrTruncatedBody)
			return
		case ErrBodyTooLarge:
			h.refuse(errTooLarge)
			return
		}
	}
	if w.declared >= 0 && w.declared != n && !forbidsBody(w.status) {
		if n > 0 || string(ex.head.Method()) != "HEAD" {
			h.svc.srv.logFailure(ex, errShort)
			h.cut()
			return
		}
		n = w.declared // the answer to HEAD may say the length without writing the body
	}
	h.commit(ex, n)
	dst := h.conn.Output()
	switch {
	case w.bodiless || n == 0:
	case n > copyBody:
		w.out.Detach(dst.Segments())
	case w.moved:
		for s := w.out.Segments(); s.Len() > 0; {
			p := s.First()
			_, _ = dst.Write(p)
			s.Discard(len(p))
		}
	default:
		_, _ = dst.Write(w.small)
	}
}

// finishStreamed sends what is left of a response that has begun.
func (h *h1Conn) finishStreamed(ex *exchange) {
	w := &ex.res
	if w.err != nil || w.declared >= 0 && w.written != w.declared && !w.bodiless {
		h.svc.srv.logFailure(ex, errors.Join(w.err, errShort))
		h.cut()
		return
	}
	h.pushBody(ex)
	if h.eng.Chunking() && !w.bodiless {
		dst := h.conn.Output()
		dst.Commit(len(h1.AppendLastChunk(dst.Reserve(16+w.trailers.Size()), &w.trailers)))
	}
}

// turn puts what stands behind the first n bytes before them: a bug to plant.
func turn(out *mem.Writer, n int) {
	var p []byte
	for s := out.Segments(); s.Len() > 0; {
		v := s.First()
		p = append(p, v...)
		s.Discard(len(v))
	}
	_, _ = out.Write(p[n:])
	_, _ = out.Write(p[:n])
}

// forbidsBody reports whether a response with that status has no body, whatever was declared
// (RFC 9110 §6.4.1, §15.3.6).
func forbidsBody(status int) bool {
	return status == StatusNoContent || status == statusResetContent || status == StatusNotModified
}

const statusResetContent = 205

var errShort = errors.New("ringwire: handler wrote another length than the declared Content-Length")

// refuse answers a request that cannot be served with err's status and closes.
func (h *h1Conn) refuse(err *h1.Error) (more bool) {
	h.svc.refused++
	h.svc.srv.logDebug("ringwire: request refused", "status", err.Status, "why", err.Text, "see", err.Ref)
	out := h.conn.Output()
	out.Commit(len(h.eng.AppendError(out.Reserve(512), err, h.svc.dateNow())))
	h.conn.Flush()
	h.leave(true)
	return false
}

// cut ends the connection in the middle of a response, so that the client notices.
func (h *h1Conn) cut() {
	h.phase = leaving
	h.conn.Abort(nil)
}

// leave closes the connection once its output has gone out.
func (h *h1Conn) leave(linger bool) {
	h.phase = leaving
	if linger && !h.eof {
		h.conn.CloseLinger()
	} else {
		h.conn.Close()
	}
}

// handOver answers 101 and gives the connection to the upgrade's handler.
func (h *h1Conn) handOver() {
	ex, next := h.ex, h.ex.res.upgrade
	ex.res.status = statusSwitching
	h.commit(ex, 0)
	h.conn.Flush()
	h.ex = nil
	h.svc.release(ex)
	h.phase = leaving
	h.conn.SetDeadline(0)
	if s, ok := next.(*WebSocket); ok {
		s.http = h
		s.begin(h.conn)
		return
	}
	u := upgraded{h, next, &flight.Mark{Kind: "upgraded connection of", Func: next}}
	h.conn.SetHandler(u)
	h.conn.Redeliver()
	if h.conn.Loop().ShuttingDown() {
		u.OnShutdown(h.conn) // nobody else will say so
	}
}

const statusSwitching = 101
