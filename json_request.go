package ringwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/ringwire/ringwire/mem"
)

// JSONError is why a request's body could not be read as JSON, and how to answer it.
type JSONError struct {
	Status int   // 400, 413 or 415; 500 if v cannot be decoded into, which is the program's fault
	Offset int64 // bytes of the body read when it was found, -1 if that is not known
	Err    error
}

// Error names the offset and the cause. Causes of the default codec may name Go types of the program.
func (e *JSONError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("ringwire: body as JSON: %v", e.Err)
	}
	return fmt.Sprintf("ringwire: body as JSON: at byte %d: %v", e.Offset, e.Err)
}

func (e *JSONError) Unwrap() error { return e.Err }

var errNotJSON = errors.New("the Content-Type is not JSON")

// JSON decodes the body into v, a pointer, as Body.JSON does, if its Content-Type says that it is JSON:
// application/json, text/json or any type that ends in +json, in any case, with any parameters.
// Otherwise it fails with status 415.
//
// So it does without a Content-Type, and for text/plain: those are what a page of another site
// can make a browser send without asking first. Whoever wants them calls Body.JSON.
func (r *Request) JSON(v any) error {
	if !isJSON(r.ex.head.Get(contentType)) {
		return &JSONError{Status: StatusUnsupportedMediaType, Offset: -1, Err: errNotJSON}
	}
	return r.Body.JSON(v)
}

// isJSON reports whether a media type is JSON's (RFC 8259 §1.2, RFC 6839 §3.1), parameters aside.
func isJSON(mediaType []byte) bool {
	if i := bytes.IndexByte(mediaType, ';'); i >= 0 {
		mediaType = mediaType[:i]
	}
	mediaType = bytes.TrimRight(mediaType, " \t")
	const suffix = "+json"
	if n := len(mediaType) - len(suffix); n > 0 && equalFold(mediaType[n:], suffix) {
		return bytes.IndexByte(mediaType[:n], '/') > 0
	}
	return equalFold(mediaType, jsonType) || equalFold(mediaType, "text/json")
}

// JSON decodes what of the body has not been read into v, a pointer: one value, with nothing but
// white space around it. The Content-Type is not looked at; Request.JSON does. The body counts as
// read afterwards, and on an error v may hold part of it. Every error is a *JSONError.
//
// A body that has arrived whole is decoded where it lies, on the loop or in a Blocking handler. A
// streamed one has to be read in a Blocking handler: it is collected as it arrives, up to
// Config.MaxBody, unless the codec is a JSONReaderFrom. On the loop it fails with status 413.
// Decoding takes some 10 ns a byte, in which the loop serves nobody else: bodies beyond some 10 KiB
// are better decoded in a Blocking handler.
func (b *Body) JSON(v any) error {
	err := b.json(v)
	if err == nil {
		return nil
	}
	if e, ok := err.(*JSONError); ok {
		return e
	}
	status, offset := jsonFault(err)
	return &JSONError{Status: status, Offset: offset, Err: err}
}

func (b *Body) json(v any) error {
	var unmarshal func(p []byte, v any) error
	switch codec := b.ex.svc.cfg.JSON.(type) {
	case nil:
		unmarshal = unmarshalStd
	case JSONFuncs:
		unmarshal = codec.Unmarshal
	case JSONReaderFrom:
		if b.stream {
			return b.jsonFrom(codec, v)
		}
	}
	s := &b.segs
	if b.stream {
		s = new(mem.Segments)
		defer s.Release()
		if err := b.collect(s); err != nil {
			return err
		}
	} else {
		if b.err != nil {
			return b.err
		}
		defer b.drop()
	}
	if unmarshal == nil {
		b.settle()
		return b.ex.svc.cfg.JSON.ReadJSON(s, v)
	}
	if b.view != nil {
		return unmarshal(b.view, v)
	}
	return unmarshal(s.Flatten(), v)
}

// drop makes a body that has arrived whole one that has been read.
func (b *Body) drop() {
	b.view = nil
	b.segs.Release()
}

// collect reads a streamed body to its end into s.
func (b *Body) collect(s *mem.Segments) error {
	if b.ex.worker == nil {
		return ErrBodyStreaming
	}
	var w mem.Writer
	w.InitFor(b.ex.svc.srv.mem.body, bodyChunk)
	s.InitFor(b.ex.svc.srv.mem.body)
	defer w.Detach(s)
	for {
		p := w.Reserve(1)
		n, err := b.Read(p[:cap(p)])
		w.Commit(n)
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// jsonFrom has the codec read a streamed body itself.
func (b *Body) jsonFrom(codec JSONReaderFrom, v any) error {
	r := bodyEnd{b: b}
	err := codec.ReadJSONFrom(&r, v)
	if r.err != nil {
		return r.err // whatever the codec made of it
	}
	return err
}

// bodyEnd is a body's Read that remembers how it failed.
type bodyEnd struct {
	b   *Body
	err error
}

func (r *bodyEnd) Read(p []byte) (int, error) {
	n, err := r.b.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// jsonFault says what status an error of a body or of a codec stands for, and where it
// happened, -1 if that is not known.
func jsonFault(err error) (status int, offset int64) {
	if err == ErrBodyStreaming || err == ErrBodyTooLarge {
		return StatusContentTooLarge, -1
	}
	switch e := err.(type) {
	case *json.SyntaxError:
		return StatusBadRequest, e.Offset
	case *json.UnmarshalTypeError:
		return StatusBadRequest, e.Offset
	case *json.InvalidUnmarshalError:
		return StatusInternalServerError, -1
	}
	return StatusBadRequest, -1
}
