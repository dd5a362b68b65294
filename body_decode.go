package ringwire

import (
	"errors"
	"io"
	"math"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/coding"
)

// DecodeError is why a body could not be decoded: what was wrong and what would not be, and the HTTP
// status that says so (400, 413 or 415).
type DecodeError = coding.Error

// errDecodeLate is for the program's author.
var errDecodeLate = errors.New("ringwire: Body.Decode after some of the body was read: call it first")

// codedBody is what Decode has found out about a body, and what takes its codings off if that is
// done as it arrives.
type codedBody struct {
	list    []coding.Coding // what is still on it; empty for a body that is not, or no longer, encoded
	dec     *coding.Decoder // once somebody reads
	err     *DecodeError    // how it failed, for good
	asked   bool            // Decode was called
	blocked bool            // the sink waits for the connection's output to drain
}

func (c *codedBody) reset() {
	c.close()
	*c = codedBody{list: c.list[:0]}
}

func (c *codedBody) close() {
	if c.dec != nil {
		c.dec.Close()
		c.dec = nil
	}
}

// inWork reports whether reads of the body go through a decoder.
func (c *codedBody) inWork() bool { return len(c.list) > 0 || c.err != nil }

// fail passes err on, and keeps it if the body cannot be decoded.
func (c *codedBody) fail(err error) error {
	if e, ok := err.(*DecodeError); ok {
		c.err = e
	}
	return err
}

// failed is how decoding failed, nil if it did not.
func (c *codedBody) failed() error {
	if c.err == nil {
		return nil
	}
	return c.err
}

// Decode takes off what Content-Encoding says is on the body (RFC 9110 §8.4): gzip, deflate, br, zstd, two
// of them at most. From then on Read, View, Views, Stream and Len give the decoded body. It must
// come before the body is read. A body without codings stays as it is; a second call changes nothing. The
// request's header fields stay as they were.
//
// Config.MaxDecoded and MaxDecodeRatio bound what the body may grow to. A body that has arrived whole
// is decoded here; one that is streamed, as it is read: in a Blocking handler by Read, on the loop by
// Stream, in pieces of up to 16 KiB. Its bytes are tentative until io.EOF, because checksums come last.
//
// What goes wrong is a *DecodeError, from here or from the method that reads. A handler that then
// writes nothing and sets no status has the client told so: with the error's status and text.
//
// Decoding takes time, 3 to 15 ms for a MiB of text, in which the loop does nothing else: where bodies may
// be large, do it in a Blocking handler.
func (b *Body) Decode() error {
	c := &b.coded
	if c.asked {
		return c.failed()
	}
	c.asked = true
	if err := b.codings(); err != nil {
		c.list = c.list[:0]
		return c.fail(err)
	}
	switch {
	case len(c.list) == 0:
		return nil
	case b.begun || !b.stream && b.unread() != b.got:
		c.asked, c.list = false, c.list[:0]
		return errDecodeLate
	case b.stream:
		return nil
	}
	return b.decodeWhole()
}

// codings reads the list from the request's head.
func (b *Body) codings() error {
	head := &b.ex.head
	for i := range head.Len() {
		name, value := head.At(i)
		if !equalFold(name, "content-encoding") {
			continue
		}
		var err *DecodeError
		if b.coded.list, err = coding.Parse(b.coded.list, value, 0); err != nil {
			return err
		}
	}
	return nil
}

func (b *Body) unread() int64 { return int64(len(b.view) + b.segs.Len()) }

// decodeWhole puts the decoded body in the place of the encoded one.
func (b *Body) decodeWhole() error {
	b.settle()
	var out mem.Writer
	out.InitFor(b.account(), bodyChunk)
	b.open(&b.ex.svc.srv.decodeWhole)
	b.coded.dec.End()
	err := b.coded.dec.AppendTo(&out)
	b.coded.close()
	b.coded.list = b.coded.list[:0]
	b.segs.Release()
	if err != io.EOF {
		out.Release()
		b.got = 0
		return b.coded.fail(err)
	}
	b.got = int64(out.Len())
	out.Detach(&b.segs)
	return nil
}

// open gets a decoder that reads what arrives.
func (b *Body) open(lim *coding.Limits) {
	b.coded.dec = b.ex.svc.srv.decoders.Get(b.coded.list, lim, &b.segs)
}

// openStream is open for a body that is decoded as it arrives.
func (b *Body) openStream() *coding.Decoder {
	if b.coded.dec == nil {
		b.open(&b.ex.svc.srv.decodeStream)
	}
	return b.coded.dec
}

// readDecoded is Read of a body that is decoded as it arrives. On the loop nothing may wait, and a
// decoder that has begun there cannot go over to a worker: so there is nothing to read before all
// has arrived.
func (b *Body) readDecoded(p []byte) (int, error) {
	if b.coded.err != nil {
		return 0, b.coded.err
	}
	switch w := b.ex.worker; {
	case w != nil && w.submitted:
		if b.coded.dec == nil {
			b.openStream().From(encodedBody{w})
		}
	case w != nil || b.sink != nil || !b.done:
		if b.err != nil && b.sink == nil {
			return 0, b.err
		}
		return 0, ErrBodyStreaming
	default:
		b.openStream().End()
	}
	n, err := b.coded.dec.Read(p)
	return n, b.coded.fail(err)
}

// encodedBody reads a worker's body as it was sent.
type encodedBody struct{ j *job }

func (r encodedBody) Read(p []byte) (int, error) { return r.j.read(p) }

// streamDecoded is Stream, on the loop, of a body that is decoded as it arrives.
func (b *Body) streamDecoded() {
	b.settle()
	if b.done && b.coded.err == nil {
		b.openStream().End()
	}
	if err := b.pump(); err != ErrBodyStreaming {
		sink := b.sink
		b.sink = nil // the last call may hand over
		sink(nil, err)
		return
	}
	b.ex.hc.sendContinue()
}

// pump decodes for the sink what has arrived. It stops while the connection is congested, so
// that a small piece which grows large does not fill the memory with what is made of it. It returns
// ErrBodyStreaming when there is more to come, else what the sink's last call is to be told.
func (b *Body) pump() error {
	if b.coded.err != nil {
		return b.coded.err
	}
	dec := b.openStream()
	for {
		if b.coded.blocked = b.ex.hc.conn.Congested(); b.coded.blocked {
			return ErrBodyStreaming // h1Conn.resume goes on
		}
		p, err := dec.Next()
		switch {
		case err == nil:
			b.sink(p, nil)
			if b.ex.res.out.Len() >= flushAt {
				_ = b.ex.res.Flush() // so that congestion shows
			}
		case err != coding.ErrNeedInput:
			return b.coded.fail(err)
		case b.err != nil:
			return b.err
		default:
			return ErrBodyStreaming
		}
	}
}

// pump passes on what of a streamed body can be decoded. It reports whether the request goes on.
func (h *h1Conn) pump() (more bool) {
	var err error
	if !h.guard(&h.svc.srv.marks.sink, func() { err = h.ex.body.pump() }) {
		return false
	}
	if err == ErrBodyStreaming {
		return true
	}
	h.endSink(err)
	return err == io.EOF
}

// refuseCoded answers for a handler that has said nothing to a body that cannot be decoded. The
// connection goes on if the body was read to its end.
func (h *h1Conn) refuseCoded(w *ResponseWriter, err *DecodeError) {
	h.svc.refused++
	h.svc.srv.logDebug("ringwire: request refused", "status", err.Status, "why", err.Text, "see", err.Ref)
	w.WriteHeader(err.Status)
	if err.Status == StatusUnsupportedMediaType {
		_ = w.Header().Set("Accept-Encoding", coding.Accepted) // RFC 9110 §15.5.16
	}
	_, _ = w.WriteString(err.Text + "\n")
}

// decodeLimits are what bodies may grow to: those that are kept in memory, and those that are streamed.
func (cfg *Config) decodeLimits() (whole, stream coding.Limits) {
	whole = coding.Limits{MaxSize: cfg.MaxDecoded, MaxRatio: cfg.MaxDecodeRatio}
	stream = whole
	if cfg.MaxDecoded == 0 {
		whole.MaxSize = math.MaxInt64
		if cfg.BodyBuffer < math.MaxInt/decodedSize {
			whole.MaxSize = decodedSize * int64(cfg.BodyBuffer)
		}
		stream.MaxSize = max(whole.MaxSize, cfg.MaxBody)
	}
	return whole.WithDefaults(), stream.WithDefaults()
}

// decodedSize is how many times BodyBuffer a decoded body may be by default: text compresses
// to a third, or a tenth where it is tabular.
const decodedSize = 8
