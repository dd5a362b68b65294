package ringwire

import (
	"io"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
)

// ResponseWriter builds the response. What is written is kept until the handler returns,
// and then sent with its Content-Length; Flush, Stream and long responses of
// Blocking handlers send as they go, chunked unless the length was declared.
//
// It belongs to the server and must not be kept after the handler returned.
type ResponseWriter struct {
	ex *exchange

	fields   h1.Fields
	trailers h1.Fields
	out      mem.Writer // body bytes not yet handed to the connection
	small    []byte     // the same while they are few: then nothing is leased
	moved    bool       // out is in use, small no longer
	reserved bool       // what Reserve returned lies in small

	status    int
	declared  int64 // Content-Length set by the handler, -1 if none
	written   int64 // body bytes accepted from the handler
	committed bool  // the head is on its way
	bodiless  bool  // the head said that no body follows (HEAD, 204, 304)
	producer  func(w *ResponseWriter) error
	upgrade   conn.Handler
	err       error // what made the response impossible to finish

	json *jsonEncoder // of the first call of JSON, kept
}

func (w *ResponseWriter) reset() {
	if w.out.Len() > 0 || w.moved {
		w.out.Release()
		w.out.InitFor(w.ex.svc.mem.response, bodyChunk)
	}
	w.small, w.moved, w.reserved = w.small[:0], false, false
	w.fields.Reset()
	w.trailers.Reset()
	w.status, w.declared, w.written = 0, -1, 0
	w.committed, w.bodiless = false, false
	w.producer, w.upgrade, w.err = nil, nil, nil
}

// Header is the response's header fields. Set and Add refuse names that are not tokens
// and values with control characters (RFC 9110 §5.5), and the fields by which the server
// frames the message: a response cannot be split. Changes after the head has been sent
// have no effect.
func (w *ResponseWriter) Header() *h1.Fields { return &w.fields }

// Trailer is the fields that follow a chunked body. They are sent only with a response
// that is chunked: one that was flushed, and whose length was not declared.
func (w *ResponseWriter) Trailer() *h1.Fields { return &w.trailers }

// WriteHeader sets the status, 200 to 599; it is 200 otherwise. Unlike in net/http nothing
// is sent yet, and the last call before the head is sent counts. A status out of range becomes 500.
func (w *ResponseWriter) WriteHeader(status int) {
	if status < 200 || status > 599 {
		status = StatusInternalServerError
	}
	if !w.committed {
		w.status = status
	}
}

// Status is what WriteHeader set, 200 if it was not called.
func (w *ResponseWriter) Status() int {
	if w.status == 0 {
		return StatusOK
	}
	return w.status
}

// SetContentLength declares the body's length, so that it can be sent as it is written
// without being chunked; a negative n takes that back. Writing more fails; writing less closes
// the connection. After the head has been sent it has no effect.
func (w *ResponseWriter) SetContentLength(n int64) {
	if !w.committed {
		w.declared = max(n, -1)
	}
}

// Write appends to the body. It fails when the connection is gone, or beyond the
// declared length.
func (w *ResponseWriter) Write(p []byte) (int, error) {
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	if w.fits(len(p)) {
		w.small = append(w.small, p...)
		return len(p), nil
	}
	_, _ = w.out.Write(p)
	return len(p), w.spillOver()
}

// WriteString is Write for a string.
func (w *ResponseWriter) WriteString(s string) (int, error) {
	if err := w.admit(len(s)); err != nil {
		return 0, err
	}
	if w.fits(len(s)) {
		w.small = append(w.small, s...)
		return len(s), nil
	}
	_, _ = w.out.WriteString(s)
	return len(s), w.spillOver()
}

// fits reports whether n more bytes of body can be kept in small. If not, small has been
// moved to out, and everything goes there from now on.
func (w *ResponseWriter) fits(n int) bool {
	if !w.moved && len(w.small)+n <= cap(w.small) {
		return true
	}
	w.unsmall()
	return false
}

// unsent reports whether there are body bytes that were not handed to the connection.
func (w *ResponseWriter) unsent() bool { return len(w.small) > 0 || w.out.Len() > 0 }

// unsmall moves the body to where it can grow.
func (w *ResponseWriter) unsmall() {
	w.moved = true
	if len(w.small) > 0 {
		_, _ = w.out.Write(w.small)
		w.small = w.small[:0]
	}
}

// Reserve returns an empty slice with room for n bytes to append to; Commit makes them
// part of the body. It is how encoders write without a copy:
//
//	buf := w.Reserve(20)
//	w.Commit(len(strconv.AppendInt(buf, n, 10)))
//
// The slice is valid until the next call on w.
func (w *ResponseWriter) Reserve(n int) []byte {
	if w.reserved = w.fits(n); w.reserved {
		return w.small[len(w.small):len(w.small)]
	}
	return w.out.Reserve(n)
}

// Commit appends the first n bytes of what Reserve returned.
func (w *ResponseWriter) Commit(n int) error {
	if err := w.admit(n); err != nil {
		return err
	}
	if w.reserved {
		w.small = w.small[:len(w.small)+n]
		return nil
	}
	w.out.Commit(n)
	return w.spillOver()
}

// Append makes the bytes [off, off+n) of l part of the body without copying them, and takes
// ownership of l: it is released exactly once, when they were sent or when that has
// failed, also when Append itself fails. So an answer that many get is encoded once and
// kept: w.Append(kept.Clone(), 0, n).
//
// The loop must be allowed to release l: it comes from an allocator with mem.Config.Shared,
// or was opened by Lease.Share. Up to 2 KiB are copied all the same, behind the head.
func (w *ResponseWriter) Append(l mem.Lease, off, n int) error {
	if err := w.admit(n); err != nil {
		l.Release()
		return err
	}
	w.unsmall()
	w.out.Append(l, off, n)
	return w.spillOver()
}

// AppendSegments moves all bytes of s to the end of the body, without copying; s is empty
// afterwards, also when it fails. Whose leases it may hold is as with Append. Together with
// mem.Writer it takes a body that was built elsewhere.
func (w *ResponseWriter) AppendSegments(s *mem.Segments) error {
	if err := w.admit(s.Len()); err != nil {
		s.Release()
		return err
	}
	w.unsmall()
	w.out.Segments().Splice(s)
	return w.spillOver()
}

// AppendPayload moves a body that was built elsewhere to the end of this one, without copying.
// p is spent afterwards, also when it fails: mem.ErrSpent if it was before. Whose leases it
// may hold is as with Append.
func (w *ResponseWriter) AppendPayload(p *mem.Payload) error {
	if p.Spent() {
		return mem.ErrSpent
	}
	if err := w.admit(p.Len()); err != nil {
		p.Release()
		return err
	}
	w.unsmall()
	_ = p.AppendTo(w.out.Segments()) // it is not spent
	return w.spillOver()
}

// admit checks whether n more body bytes may be written.
func (w *ResponseWriter) admit(n int) error {
	if w.err != nil {
		return w.err
	}
	if w.declared >= 0 && w.written+int64(n) > w.declared {
		return ErrContentLength
	}
	w.written += int64(n)
	return nil
}

// spillOver sends what a Blocking handler has written once it is much; it waits while
// the client does not read.
func (w *ResponseWriter) spillOver() error {
	if w.ex.worker == nil || w.out.Len() < flushAt {
		return nil
	}
	return w.ex.worker.push()
}

// flushAt is how much a Blocking handler may write before it is sent.
const flushAt = 64 << 10

// Flush sends the head and what has been written so far. On the loop it never waits;
// in a Blocking handler it waits while the client does not read. After Upgrade, which
// leaves no response to send, it fails with ErrUpgrade.
func (w *ResponseWriter) Flush() error {
	if w.err != nil {
		return w.err
	}
	if w.upgrade != nil {
		return ErrUpgrade
	}
	if w.ex.worker != nil {
		w.unsmall()
		return w.ex.worker.push()
	}
	w.ex.hc.pushBody(w.ex)
	return nil
}

// Stream has fn called on the loop, after the handler returned, whenever there is room
// for more output. fn writes some and returns nil, or io.EOF at the end; another error
// cuts the connection. A response of any length is sent so in bounded memory. In a
// Blocking handler, where Write waits by itself, Stream runs fn to its end. A response without a
// body (to HEAD, 204, 304) ends once its head is known.
func (w *ResponseWriter) Stream(fn func(w *ResponseWriter) error) {
	w.producer = fn
	if w.ex.worker == nil {
		return
	}
	w.producer = nil
	for {
		switch err := fn(w); err {
		case nil:
			if w.err != nil || w.bodiless {
				return
			}
		case io.EOF:
			return
		default:
			w.err = err
			return
		}
	}
}

// Reset takes back everything that was set and written, unless it has been sent.
func (w *ResponseWriter) Reset() {
	if !w.committed {
		w.fields.Reset()
		w.trailers.Reset()
		w.out.Release()
		w.out.InitFor(w.account(), bodyChunk)
		w.small = w.small[:0]
		w.status, w.declared, w.written = 0, -1, 0
		w.producer, w.upgrade = nil, nil
	}
}

// account is what body bytes are leased for.
func (w *ResponseWriter) account() *mem.Account {
	if w.ex.worker != nil {
		return w.ex.svc.srv.mem.response
	}
	return w.ex.svc.mem.response
}

// Upgrade answers 101 and hands the connection to h, which gets every byte that
// follows. It fails with ErrUpgrade unless the request asks for that protocol
// (RFC 9110 §7.8). It cannot be used in a Blocking handler. What was written is dropped. A panic
// in h closes the connection and is logged.
func (w *ResponseWriter) Upgrade(protocol string, h conn.Handler) error {
	if w.ex.worker != nil || w.committed || !offers(w.ex.head.Upgrade(), protocol) {
		return ErrUpgrade
	}
	if err := w.fields.Set("Upgrade", protocol); err != nil {
		return err
	}
	w.upgrade = h
	return nil
}
