// Package json compares JSON libraries the way a handler meets them: a value is appended to a mem.Writer, and
// decoded from mem.Segments. The root's docs/DECISIONS.md says which one is the default and why.
//
// Each library takes the path that copies least: straight into the Writer's memory or through an encoder that is
// kept, where it has such a thing, and else by its Marshal.
package json

import (
	stdjson "encoding/json"
	"io"

	"github.com/bytedance/sonic"
	sonicenc "github.com/bytedance/sonic/encoder"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	goccy "github.com/goccy/go-json"

	"github.com/ringwire/ringwire/mem"
)

// A Library is one way to use a library. Codec makes a state of its own, for one goroutine.
type Library struct {
	Name  string
	Codec func() Codec
}

// A Codec appends to a Writer and reads Segments. A nil function means that the other direction is all there is
// to see.
type Codec struct {
	Append func(w *mem.Writer, v any) error
	Read   func(s *mem.Segments, v any) error
}

// Libraries are the ways to compare; the first is what others are divided by.
var Libraries = []Library{
	{"encoding_json", std},
	{"encoding_json_Marshal", func() Codec { return Codec{Append: marshal(stdjson.Marshal), Read: stdDecoder} }},
	{"jsonv2", func() Codec {
		return Codec{
			Append: func(w *mem.Writer, v any) error { return jsonv2.MarshalWrite(w, v) },
			Read:   unmarshal(func(p []byte, v any) error { return jsonv2.Unmarshal(p, v) }),
		}
	}},
	{"jsonv2_stream", jsonv2Stream},
	{"goccy", func() Codec {
		return Codec{Append: marshal(goccy.Marshal), Read: unmarshal(goccy.Unmarshal)}
	}},
	{"sonic", func() Codec {
		return Codec{Append: marshal(sonic.Marshal), Read: unmarshal(sonic.Unmarshal)}
	}},
	{"sonic_EncodeInto", func() Codec { return Codec{Append: sonicInto(0), Read: unmarshal(sonic.ConfigStd.Unmarshal)} }},
}

// std is what ringwire does by default: one Encoder kept, Unmarshal of what lies in one piece.
func std() Codec {
	var to target
	enc := stdjson.NewEncoder(&to)
	return Codec{
		Append: func(w *mem.Writer, v any) error { to.w = w; return enc.Encode(v) },
		Read:   unmarshal(stdjson.Unmarshal),
	}
}

// target lets an Encoder be kept while the Writer changes.
type target struct{ w *mem.Writer }

func (t *target) Write(p []byte) (int, error) { return t.w.Write(p) }

func stdDecoder(s *mem.Segments, v any) error {
	d := stdjson.NewDecoder(s)
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return err
	}
	return nil
}

// jsonv2Stream keeps an Encoder and a Decoder, and reads piece by piece.
func jsonv2Stream() Codec {
	enc, dec := jsontext.NewEncoder(io.Discard), jsontext.NewDecoder(new(mem.Segments))
	return Codec{
		Append: func(w *mem.Writer, v any) error { enc.Reset(w); return jsonv2.MarshalEncode(enc, v) },
		Read:   func(s *mem.Segments, v any) error { dec.Reset(s); return jsonv2.UnmarshalDecode(dec, v) },
	}
}

// sonicInto encodes straight into the Writer's memory if there is room for as much as last time.
func sonicInto(opts sonicenc.Options) func(w *mem.Writer, v any) error {
	last := 512
	return func(w *mem.Writer, v any) error {
		room := w.Reserve(last)
		buf := room
		if err := sonicenc.EncodeInto(&buf, v, opts); err != nil {
			return err
		}
		if last = max(last, len(buf)+len(buf)/8); cap(buf) != cap(room) || len(buf) > 0 && &buf[0] != &room[:1][0] {
			w.Commit(0)
			_, _ = w.Write(buf)
			return nil
		}
		w.Commit(len(buf))
		return nil
	}
}

func marshal(f func(v any) ([]byte, error)) func(w *mem.Writer, v any) error {
	return func(w *mem.Writer, v any) error {
		p, err := f(v)
		if err == nil {
			_, _ = w.Write(p)
		}
		return err
	}
}

func unmarshal(f func(p []byte, v any) error) func(s *mem.Segments, v any) error {
	return func(s *mem.Segments, v any) error { return f(s.Flatten(), v) }
}
