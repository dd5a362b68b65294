package ringwire

import (
	"encoding/json"
	"fmt"
)

// JSON appends v to the body as JSON and sets the Content-Type to application/json unless there is
// one. On an error neither has happened: the handler can still answer otherwise.
//
// By default it writes exactly what json.Marshal returns, and allocates nothing if v is a pointer to
// a struct, or a slice of such, without maps and methods that marshal; see Config.JSON. A View is a
// byte slice, which JSON has as base64: give its String.
func (w *ResponseWriter) JSON(v any) error {
	if codec := w.ex.svc.cfg.JSON; codec != nil {
		return w.jsonBy(codec, v)
	}
	if w.err != nil {
		return w.err
	}
	enc := w.json
	w.json = nil // so that one that panics, or is called by what it marshals, is not used twice
	if enc == nil {
		enc = newJSONEncoder(w)
	}
	err := enc.encode(v)
	if enc.usable {
		w.json = enc
	}
	return err
}

// jsonBy is JSON by the application's codec. Its output is not known to be short, and goes
// where it can grow.
func (w *ResponseWriter) jsonBy(codec JSONCodec, v any) error {
	if w.err != nil {
		return w.err
	}
	w.unsmall()
	before, kept := w.out.Len(), false
	defer func() {
		if !kept {
			w.out.Truncate(before)
		}
	}()
	if err := codec.AppendJSON(&w.out, v); err != nil {
		return fmt.Errorf("ringwire: encode a response as JSON: %w", err)
	}
	if err := w.admit(w.out.Len() - before); err != nil {
		return err
	}
	kept = true
	w.typeJSON()
	return w.spillOver()
}

// typeJSON sets the Content-Type unless the handler has, and reports whether it did.
func (w *ResponseWriter) typeJSON() bool {
	if w.fields.Get(contentType) != nil {
		return false
	}
	return w.fields.Set(contentType, jsonType) == nil
}

const (
	contentType = "Content-Type"
	jsonType    = "application/json"
)

// jsonEncoder is encoding/json's Encoder for one response writer, kept for reuse. It writes
// once per value, all of it, or nothing.
type jsonEncoder struct {
	w      *ResponseWriter
	enc    *json.Encoder
	err    error // of the writer, as opposed to the encoding's
	usable bool  // the next value can be encoded by it
}

func newJSONEncoder(w *ResponseWriter) *jsonEncoder {
	e := &jsonEncoder{w: w}
	e.enc = json.NewEncoder(e)
	return e
}

// maxJSONKept is the longest response after which the encoder, which may hold a buffer of its
// length, is kept.
const maxJSONKept = 64 << 10

func (e *jsonEncoder) encode(v any) error {
	e.err, e.usable = nil, true
	err := e.enc.Encode(v)
	switch {
	case e.err != nil:
		e.usable = false // an Encoder remembers that its writer has failed
		return e.err
	case err != nil:
		return fmt.Errorf("ringwire: encode a response as JSON: %w", err)
	}
	return nil
}

// Write takes a value from the Encoder, which has put a newline behind it.
func (e *jsonEncoder) Write(p []byte) (int, error) {
	w, n := e.w, len(p)-1
	e.usable = n <= maxJSONKept
	typed := w.typeJSON()
	if _, e.err = w.Write(p[:n]); e.err != nil {
		if typed {
			w.fields.Del(contentType)
		}
		return 0, e.err
	}
	return len(p), nil
}
