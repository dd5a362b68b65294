package ringwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/ringwire/ringwire/mem"
)

// A JSONCodec is how JSON is written and read: ResponseWriter.JSON, Request.JSON and Body.JSON
// use Config.JSON. All loops and workers call it at once. JSONFuncs and JSONStreams make one
// of what other libraries have.
type JSONCodec interface {
	// AppendJSON appends one JSON text for v to w, and nothing else. Of an attempt that fails or
	// panics the caller takes back what was appended. w must not be kept.
	AppendJSON(w *mem.Writer, v any) error

	// ReadJSON decodes the one JSON text that s holds into v. What follows it but white space
	// is an error. It may read, discard or flatten s, and must not keep s or any view of it: after the
	// handler the same memory holds somebody else's request, so every string in v has to be a copy.
	ReadJSON(s *mem.Segments, v any) error
}

// A JSONReaderFrom is a JSONCodec that can decode a body while it arrives. Without the method
// a Blocking handler's streamed body is collected first.
type JSONReaderFrom interface {
	// ReadJSONFrom is ReadJSON for what r gives until io.EOF, which has to be read.
	ReadJSONFrom(r io.Reader, v any) error
}

// JSONFuncs is a JSONCodec made of functions in the form of json.Marshal and json.Unmarshal, which
// most libraries have:
//
//	srv.JSON = ringwire.JSONFuncs{Marshal: sonic.Marshal, Unmarshal: sonic.Unmarshal}
//
// Unmarshal gets a view of the request's memory. It must refuse what follows the value, and it must
// copy every string and byte slice that it puts into v: modes without copies (sonic's CopyString:
// false together with UnmarshalFromString, and other libraries' "unsafe" or "no copy") show one
// client's request to the next.
type JSONFuncs struct {
	Marshal   func(v any) ([]byte, error)
	Unmarshal func(p []byte, v any) error
}

// AppendJSON copies what Marshal returns.
func (f JSONFuncs) AppendJSON(w *mem.Writer, v any) error {
	p, err := f.Marshal(v)
	if err == nil {
		_, _ = w.Write(p)
	}
	return err
}

// ReadJSON gives Unmarshal all bytes in one piece.
func (f JSONFuncs) ReadJSON(s *mem.Segments, v any) error { return f.Unmarshal(s.Flatten(), v) }

// JSONStreams is a JSONCodec made of functions that write and read streams, as json/v2's
// MarshalWrite and UnmarshalRead. What Encode writes goes where it is sent from, and Decode
// reads a Blocking handler's streamed body as it arrives.
//
// Decode must read to io.EOF or leave only white space, and must refuse what follows the value in
// what it has read: encoding/json's Decoder alone does not. What it puts into v must be copies.
type JSONStreams struct {
	Encode func(w io.Writer, v any) error
	Decode func(r io.Reader, v any) error
}

// AppendJSON has Encode write to w.
func (f JSONStreams) AppendJSON(w *mem.Writer, v any) error { return f.Encode(w, v) }

// ReadJSON has Decode read s.
func (f JSONStreams) ReadJSON(s *mem.Segments, v any) error { return f.ReadJSONFrom(s, v) }

// ReadJSONFrom has Decode read r, and what that leaves must be white space.
func (f JSONStreams) ReadJSONFrom(r io.Reader, v any) error {
	if err := f.Decode(r, v); err != nil {
		return err
	}
	var rest [64]byte
	for {
		n, err := r.Read(rest[:])
		for _, c := range rest[:n] {
			if c != ' ' && c != '\t' && c != '\r' && c != '\n' { // RFC 8259 §2
				return errJSONTrailing
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

var (
	errJSONTrailing = errors.New("more than one JSON value")
	errJSONUTF8     = errors.New("invalid UTF-8 (RFC 8259 §8.1)")
	errJSONDepth    = errors.New("nested more than 1000 deep (RFC 8259 §9)")
)

// maxJSONDepth is how deep the default codec decodes. encoding/json's own bound is 10 000, for
// which a body of 20 KB makes it take 16 MiB of stack; each worker would keep as much for a while.
const maxJSONDepth = 1000

// unmarshalStd is the default's way to read: encoding/json's, within that depth, and without bytes
// that are no UTF-8. encoding/json replaces those, so that what is read here would not be what
// somebody else has checked.
func unmarshalStd(p []byte, v any) error {
	if !utf8.Valid(p) {
		return &JSONError{Status: StatusBadRequest, Offset: int64(validPrefix(p)), Err: errJSONUTF8}
	}
	if at := tooDeep(p, maxJSONDepth); at >= 0 {
		return &JSONError{Status: StatusBadRequest, Offset: int64(at), Err: errJSONDepth}
	}
	return json.Unmarshal(p, v)
}

// tooDeep is where p is nested more than depth deep, -1 if nowhere. Most texts have no more
// brackets at all.
func tooDeep(p []byte, depth int) int {
	if bytes.Count(p, openArray)+bytes.Count(p, openObject) <= depth {
		return -1
	}
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '"':
			for i++; i < len(p) && p[i] != '"'; i++ {
				if p[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			if depth--; depth < 0 {
				return i
			}
		case ']', '}':
			depth++
		}
	}
	return -1
}

var openArray, openObject = []byte("["), []byte("{")

// validPrefix is how many bytes of p, which is no UTF-8, come before the first that is none.
func validPrefix(p []byte) int {
	for n := 0; ; {
		r, size := utf8.DecodeRune(p[n:])
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n += size
	}
}
